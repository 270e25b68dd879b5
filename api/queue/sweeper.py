"""What nobody takes care of any more. Safe to run anywhere, at any time, by many at once."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from api.db.base import now
from api.db.engine import Database
from api.db.queue import Job, JobState
from api.queue.broker import QUEUES
from api.queue.claim import has_work
from api.queue.states import INFRASTRUCTURE, bury, retry_or_bury
from api.queue.transactions import in_transaction
from api.settings import Settings

_MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Report:
    """What a sweep did, and which queues have work."""

    returned: int  # jobs whose worker fell silent, and that wait again
    buried: int  # jobs that were tried, or have waited, for long enough
    work: tuple[str, ...]  # queues to ring


def sweep(database: Database, settings: Settings) -> Report:
    """Take jobs away from workers that fell silent, and end what has waited for too long."""
    returned = buried = 0
    with database.read() as session:
        is_due = session.scalar(select(Job.id).where(_due()).limit(1)) is not None
    if is_due:
        returned, buried = in_transaction(database, lambda session: _sweep(session, settings))
    with database.read() as session:
        work = tuple(queue for queue in QUEUES if has_work(session, queue))
    return Report(returned, buried, work)


def _due() -> ColumnElement[bool]:
    moment = now()
    return or_(
        and_(Job.state == JobState.LEASED, Job.lease_until < moment),
        and_(Job.state.in_((JobState.QUEUED, JobState.BLOCKED)), Job.deadline_at < moment),
    )


def _sweep(session: Session, settings: Settings) -> tuple[int, int]:
    jobs = session.scalars(
        select(Job).where(_due()).order_by(Job.id).limit(_MOST_AT_ONCE).with_for_update(skip_locked=True)
    ).all()
    for job in jobs:
        _settle(session, job, settings)
    session.flush()
    ends = [job.state for job in jobs]
    return ends.count(JobState.QUEUED), ends.count(JobState.DEAD)


def _settle(session: Session, job: Job, settings: Settings) -> None:
    if job.state == JobState.LEASED:
        retry_or_bury(session, job, f"The worker {job.worker} fell silent.", settings)
    elif job.state in (JobState.QUEUED, JobState.BLOCKED):  # not cancelled with another one of this sweep
        bury(session, job, INFRASTRUCTURE, "It has waited for too long: is there a worker for its queue?")
