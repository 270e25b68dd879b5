"""The queue: one row per stage of a grading. The database is the truth; messages only say "look"."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.db.base import Base, new_id, now


class JobState(StrEnum):
    """Where a job is. Every state but the last three has a deadline, so nothing is stuck for ever."""

    BLOCKED = "blocked"  # waits for an earlier stage of the same grading
    QUEUED = "queued"  # until `deadline_at`, then dead
    LEASED = "leased"  # until `lease_until`, then queued again or dead
    DONE = "done"
    DEAD = "dead"  # an operator has to look; `error` says at what
    CANCELLED = "cancelled"  # superseded, or its grading ended without it


UNFINISHED = (JobState.BLOCKED, JobState.QUEUED, JobState.LEASED)


class Job(Base):
    """A stage of a grading that a worker has to run."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_claim", "queue", "state", "rank", "id"),
        Index("ix_jobs_user_rank", "queue", "user_id", "rank"),
        Index("ix_jobs_state_deadline", "state", "deadline_at"),
        Index("ix_jobs_state_lease", "state", "lease_until"),
        Index("ix_jobs_state_finished", "state", "finished_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    grading_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("gradings.id", ondelete="CASCADE"), index=True)
    submission_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))  # whose turn it is
    stage: Mapped[str] = mapped_column(String(8))  # quick or slow
    queue: Mapped[str] = mapped_column(String(16))  # quick, slow or gpu
    state: Mapped[str] = mapped_column(String(12), default=JobState.QUEUED)
    rank: Mapped[float] = mapped_column(default=0.0)  # its turn: see `api.queue.fairness`
    attempt: Mapped[int] = mapped_column(default=0)  # the fencing token: a write with an older one is refused
    retries: Mapped[int] = mapped_column(default=0)  # attempts that failed since it was last asked for
    available_at: Mapped[datetime] = mapped_column(default=now)
    deadline_at: Mapped[datetime]  # of waiting
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(120))
    error: Mapped[str | None] = mapped_column(Text)
    queued_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class QueueClock(Base):
    """The rank of the job that was claimed last, per queue: where newcomers line up."""

    __tablename__ = "queue_clocks"

    queue: Mapped[str] = mapped_column(String(16), primary_key=True)
    virtual_time: Mapped[float] = mapped_column(default=0.0)


class Worker(Base):
    """A worker that was seen lately."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    queues: Mapped[str] = mapped_column(String(100))
    concurrency: Mapped[int]
    running: Mapped[int] = mapped_column(default=0)
    backend: Mapped[str] = mapped_column(String(40), default="")
    version: Mapped[str] = mapped_column(String(40), default="")
    started_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)
