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
    """The rank of a new job of this user. Jobs that were cancelled do not count against them.

    A queue's first job starts its clock.
    """
    own = (
        select(Job.rank)
        .where(Job.queue == queue, Job.user_id == user_id, Job.state != JobState.CANCELLED)
        .order_by(Job.rank.desc())
        .limit(1)
        .scalar_subquery()
    )
    last = session.execute(select(QueueClock.virtual_time, own).where(QueueClock.queue == queue)).first()
    if last is None:
        _start_clock(session, queue)
        return next_rank(session, queue, user_id)
    clock, own_last = last
    return rank_behind(clock, own_last or 0.0)


def rank_behind(clock: float, own_last: float) -> float:
    """The rule itself: one turn behind the queue's clock, and behind the last job of one's own."""
    return float(max(clock, own_last)) + 1.0


def advance(session: Session, queue: str, rank: float) -> None:
    """A job of this rank was claimed. The clock never goes back. A queue without a clock has none to move."""
    session.execute(
        update(QueueClock)
        .where(QueueClock.queue == queue, QueueClock.virtual_time < rank)
        .values(virtual_time=rank),
        execution_options={"synchronize_session": False},
    )


def _start_clock(session: Session, queue: str) -> None:
    """Others may do so at the same moment."""
    with suppress(IntegrityError), session.begin_nested():
        session.add(QueueClock(queue=queue, virtual_time=0.0))
