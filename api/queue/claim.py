"""A worker takes the next job, in one transaction. The message that woke it does not matter."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from api.db.base import now
from api.db.courses import Assignment
from api.db.engine import Database
from api.db.queue import Job, JobState
from api.db.submissions import Grading, State, Submission, TestRow
from api.queue.fairness import advance
from api.queue.transactions import in_transaction
from api.settings import Settings


@dataclass(frozen=True)
class Claim:
    """A job that this worker may run, and all that it needs for it. `attempt` is the fencing token."""

    job_id: uuid.UUID
    attempt: int
    stage: str  # quick or slow
    queue: str
    grading_id: uuid.UUID
    submission_id: uuid.UUID
    spec: str
    blob_digest: str
    file_name: str  # as uploaded: never a path
    seed: int
    earlier: dict[str, Any] | None  # the score JSON of the stages before
    next_queue: str | None  # to ring when this stage is done
    claimed_at: datetime


def claim(database: Database, queues: Sequence[str], worker: str, settings: Settings) -> Claim | None:
    """Lease the job whose turn it is in the first of `queues` that has one; None if there is none."""
    if not _has_work(database, queues):  # so that nobody takes SQLite's write lock for nothing
        return None
    return in_transaction(database, lambda session: _claim(session, queues, worker, settings))


def has_work(session: Session, queue: str) -> bool:
    """Whether a job of the queue may be claimed now."""
    return session.scalar(_waiting(queue).with_only_columns(Job.id)) is not None


def _has_work(database: Database, queues: Sequence[str]) -> bool:
    with database.read() as session:
        return any(has_work(session, queue) for queue in queues)


def _waiting(queue: str) -> Any:
    """The job that is next."""
    return (
        select(Job)
        .where(Job.queue == queue, Job.state == JobState.QUEUED, Job.available_at <= now())
        .order_by(Job.rank, Job.id)
        .limit(1)
    )


def _claim(session: Session, queues: Sequence[str], worker: str, settings: Settings) -> Claim | None:
    for queue in queues:
        job = session.scalar(_waiting(queue).with_for_update(skip_locked=True))
        if job is not None:
            return _lease(session, job, worker, settings)
    return None


def _lease(session: Session, job: Job, worker: str, settings: Settings) -> Claim:
    moment = now()
    job.state = JobState.LEASED
    job.attempt += 1
    job.worker = worker
    job.started_at = moment
    job.lease_until = moment + timedelta(seconds=settings.lease_seconds)
    if job.attempt > 1:
        session.execute(
            delete(TestRow).where(TestRow.grading_id == job.grading_id, TestRow.stage == job.stage)
        )
    advance(session, job.queue, job.rank)
    session.flush()  # the job first: locks are taken in this order everywhere
    session.execute(
        update(Submission)
        .where(Submission.id == job.submission_id, Submission.grading_id == job.grading_id)
        .values(state=State.GRADING),
        execution_options={"synchronize_session": False},
    )
    return _describe(session, job, moment)


def _describe(session: Session, job: Job, moment: datetime) -> Claim:
    of = session.execute(
        select(Submission.blob_digest, Submission.file_name, Assignment.spec, Grading.seed)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(Grading, Grading.submission_id == Submission.id)
        .where(Grading.id == job.grading_id)
    ).one()
    earlier = select(Grading.score_json).where(Grading.id == job.grading_id)
    blocked = select(Job.queue).where(Job.grading_id == job.grading_id, Job.state == JobState.BLOCKED)
    is_first = job.stage == "quick"
    return Claim(
        job_id=job.id,
        attempt=job.attempt,
        stage=job.stage,
        queue=job.queue,
        grading_id=job.grading_id,
        submission_id=job.submission_id,
        spec=of.spec,
        blob_digest=of.blob_digest,
        file_name=of.file_name,
        seed=of.seed,
        earlier=None if is_first else session.scalar(earlier),
        next_queue=session.scalar(blocked) if is_first else None,
        claimed_at=moment,
    )
