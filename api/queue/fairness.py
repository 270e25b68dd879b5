"""Whose turn it is: start-time fair queueing.

Every queue has a clock, which shows the rank of the job that was claimed last. A new job lines up behind the
clock and behind its user's own last job; the smallest rank is claimed first. So with 200 waiting jobs of one
user, and one of another, the other's is the next but one.
"""

from __future__ import annotations

import uuid
from contextlib import suppress

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.db.queue import Job, JobState, QueueClock


def next_rank(session: Session, queue: str, user_id: uuid.UUID) -> float:
    """The rank of a new job of this user. Jobs that were cancelled do not count against them."""
    clock = session.scalar(select(QueueClock.virtual_time).where(QueueClock.queue == queue))
    own = session.scalar(
        select(Job.rank)
        .where(Job.queue == queue, Job.user_id == user_id, Job.state != JobState.CANCELLED)
        .order_by(Job.rank.desc())
        .limit(1)
    )
    return max(clock or 0.0, own or 0.0) + 1.0


def advance(session: Session, queue: str, rank: float) -> None:
    """A job of this rank was claimed. The clock never goes back. A queue without a clock has none to move."""
    session.execute(
        update(QueueClock)
        .where(QueueClock.queue == queue, QueueClock.virtual_time < rank)
        .values(virtual_time=rank),
        execution_options={"synchronize_session": False},
    )


def ensure_clock(session: Session, queue: str) -> None:
    """Start the queue's clock, once; others may do so at the same moment."""
    if session.scalar(select(QueueClock.queue).where(QueueClock.queue == queue)) is not None:
        return
    with suppress(IntegrityError), session.begin_nested():
        session.add(QueueClock(queue=queue, virtual_time=0.0))
