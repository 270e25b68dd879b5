"""The changes of a job's state that several of the queue's modules make, always with the submission's.

Locks are taken in one order everywhere: job, then submission.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.db.base import now
from api.db.queue import Job, JobState
from api.db.submissions import State, Submission
from api.queue.claim import Claim
from api.settings import Settings

INFRASTRUCTURE = "infrastructure"  # kinds of failure, in front of `Job.error`
SPEC = "spec"


def held(session: Session, claim: Claim) -> Job | None:
    """The claim's job, locked; None if the lease was lost: somebody else has it, or it has ended."""
    return leased(session, claim.job_id, claim.attempt)


def leased(session: Session, job_id: uuid.UUID, attempt: int) -> Job | None:
    """A job, locked, if this attempt at it is still the one."""
    return session.scalar(
        select(Job)
        .where(Job.id == job_id, Job.attempt == attempt, Job.state == JobState.LEASED)
        .with_for_update()
    )


def wait_again(session: Session, job: Job, settings: Settings, *, delay: float = 0.0) -> None:
    """A leased or dead job lines up again, at its old place."""
    moment = now()
    job.state = JobState.QUEUED
    job.lease_until = job.worker = job.finished_at = None
    job.available_at = moment + timedelta(seconds=delay)
    job.deadline_at = waiting_deadline(moment, settings)
    _show(session, job, State.QUEUED if job.stage == "quick" else State.GRADING)


def retry_or_bury(session: Session, job: Job, reason: str, settings: Settings) -> None:
    """An attempt failed, and it was our fault: once more after a pause, or an operator has to look."""
    job.retries += 1
    job.error = f"{INFRASTRUCTURE}: {reason}"
    if job.retries >= settings.attempts:
        bury(session, job, INFRASTRUCTURE, reason)
    else:
        wait_again(session, job, settings, delay=settings.retry_seconds * 2 ** (job.retries - 1))


def bury(session: Session, job: Job, kind: str, reason: str) -> None:
    """The job is a dead letter, and what waits for it is cancelled."""
    job.state = JobState.DEAD
    job.error = f"{kind}: {reason}"
    job.finished_at = now()
    job.lease_until = None
    session.execute(
        update(Job)
        .where(
            Job.grading_id == job.grading_id,
            Job.id != job.id,
            Job.state.in_((JobState.QUEUED, JobState.BLOCKED)),
        )
        .values(state=JobState.CANCELLED, finished_at=job.finished_at)
    )
    _show(session, job, State.FAILED)


def waiting_deadline(moment: datetime, settings: Settings, *, stages: int = 1) -> datetime:
    """Until when a job may wait."""
    return moment + timedelta(seconds=stages * settings.waiting_seconds)


def _show(session: Session, job: Job, state: State) -> None:
    """The state of the submission, if this is its official grading."""
    session.flush()  # the job first
    session.execute(
        update(Submission)
        .where(Submission.id == job.submission_id, Submission.grading_id == job.grading_id)
        .values(state=state)
    )
