"""How full the queues are, and who works on them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.db.base import now
from api.db.queue import Job, JobState, Worker
from api.queue.broker import QUEUES

_SHOWN = (JobState.QUEUED, JobState.LEASED, JobState.BLOCKED, JobState.DEAD)


class QueueDepth(BaseModel):
    """One queue."""

    queue: str
    queued: int
    leased: int
    blocked: int
    dead: int
    oldest_seconds: float | None  # that the longest waiting job has waited


class WorkerSeen(BaseModel):
    """One worker."""

    name: str
    queues: list[str]
    concurrency: int
    running: int
    version: str
    started_at: datetime
    seen_at: datetime


def depths(session: Session) -> list[QueueDepth]:
    """All queues, also the empty ones."""
    counted = (
        select(Job.queue, Job.state, func.count(), func.min(Job.queued_at))
        .where(Job.state.in_(_SHOWN))
        .group_by(Job.queue, Job.state)
    )
    counts: dict[tuple[str, str], int] = {}
    oldest: dict[str, datetime] = {}
    for queue, state, count, first in session.execute(counted):
        counts[queue, state] = count
        if state == JobState.QUEUED:
            oldest[queue] = first
    return [_depth(queue, counts, oldest.get(queue)) for queue in QUEUES]


def workers(session: Session) -> list[WorkerSeen]:
    """Those that were seen in the last day."""
    return [
        WorkerSeen(
            name=worker.name,
            queues=worker.queues.split(","),
            concurrency=worker.concurrency,
            running=worker.running,
            version=worker.version,
            started_at=worker.started_at,
            seen_at=worker.seen_at,
        )
        for worker in session.scalars(select(Worker).order_by(Worker.name))
    ]


def _depth(queue: str, counts: dict[tuple[str, str], int], oldest: datetime | None) -> QueueDepth:
    queued, leased, blocked, dead = (counts.get((queue, state), 0) for state in _SHOWN)
    return QueueDepth(
        queue=queue,
        queued=queued,
        leased=leased,
        blocked=blocked,
        dead=dead,
        oldest_seconds=None if oldest is None else round((now() - oldest).total_seconds(), 3),
    )
