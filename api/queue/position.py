"""How long a student will wait."""

from __future__ import annotations

import math
import uuid
from datetime import timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from api.db.base import now
from api.db.queue import Job, JobState, Worker

_RECENT = 30  # jobs whose durations an estimate is made from
_ALIVE_SECONDS = 60.0


def current_job(session: Session, grading_id: uuid.UUID) -> Job | None:
    """The job that a grading waits for or that runs; None once it has ended."""
    jobs = session.scalars(
        select(Job).where(Job.grading_id == grading_id, Job.state.in_((JobState.QUEUED, JobState.LEASED)))
    ).all()
    return jobs[0] if jobs else None


def position(session: Session, job: Job) -> int:
    """1 for the next one to be claimed from its queue; 0 for a job that waits no more."""
    if job.state != JobState.QUEUED:
        return 0
    earlier = or_(Job.rank < job.rank, and_(Job.rank == job.rank, Job.id < job.id))
    before = select(func.count()).where(Job.queue == job.queue, Job.state == JobState.QUEUED, earlier)
    return 1 + (session.scalar(before) or 0)


def estimate_seconds(session: Session, job: Job, place: int | None = None) -> float | None:
    """Until its result, from how long recent jobs of the queue took; None while nobody can tell.

    place: `position(session, job)`, if it is known already.
    """
    workers = _concurrency(session, job.queue)
    duration = _recent_seconds(session, job.queue)
    if not workers or duration is None:
        return None
    rounds = math.ceil((position(session, job) if place is None else place) / workers)
    return round(max(rounds, 1) * duration, 1)


def _recent_seconds(session: Session, queue: str) -> float | None:
    """The mean duration of the last jobs."""
    rows = session.execute(
        select(Job.started_at, Job.finished_at)
        .where(Job.state == JobState.DONE, Job.queue == queue)
        .order_by(Job.finished_at.desc())
        .limit(_RECENT)
    )
    durations = [
        (end - start).total_seconds() for start, end in rows if start is not None and end is not None
    ]
    return sum(durations) / len(durations) if durations else None


def _concurrency(session: Session, queue: str) -> int:
    """How many jobs of the queue the workers that were seen lately run at once."""
    alive = select(Worker).where(Worker.seen_at > now() - timedelta(seconds=_ALIVE_SECONDS))
    return sum(worker.concurrency for worker in session.scalars(alive) if queue in worker.queues.split(","))
