"""A worker keeps what it claimed for as long as it says that it is there."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.db.base import now
from api.db.engine import Database
from api.db.queue import Job, JobState
from api.queue.claim import Claim
from api.queue.states import leased, wait_again
from api.queue.transactions import in_transaction
from api.settings import Settings


def extend(database: Database, claims: Collection[Claim], settings: Settings) -> list[Claim]:
    """Renew the leases, but not for ever: a stage that runs far too long is given to somebody else.

    Returns:
        The claims that are lost: somebody else has them, or their time is over.
    """
    if not claims:
        return []
    return in_transaction(
        database, lambda session: [one for one in claims if not _extend(session, one, settings)]
    )


def stage_seconds(stage: str, settings: Settings) -> float:
    """How long a stage may run."""
    return settings.slow_seconds if stage == "slow" else settings.quick_seconds


def give_back(database: Database, claim: Claim, settings: Settings) -> bool:
    """The worker stops: the job waits again at its old place, and the attempt does not count as failed."""
    return _give_back(database, claim.job_id, claim.attempt, settings)


def give_back_orphans(
    database: Database, worker: str, mine: Iterable[Claim], since: datetime, settings: Settings
) -> int:
    """Jobs that are leased to this worker without its knowledge: the answer to its claim was lost.

    since: only those claimed before; a claim may just be on its way.
    """
    known = {(claim.job_id, claim.attempt) for claim in mine}
    query = select(Job.id, Job.attempt).where(
        Job.state == JobState.LEASED, Job.worker == worker, Job.started_at < since
    )
    with database.read() as session:
        orphans = {(job_id, attempt) for job_id, attempt in session.execute(query)} - known
    return sum(_give_back(database, job_id, attempt, settings) for job_id, attempt in orphans)


def _give_back(database: Database, job_id: uuid.UUID, attempt: int, settings: Settings) -> bool:
    def write(session: Session) -> bool:
        job = leased(session, job_id, attempt)
        if job is not None:
            wait_again(session, job, settings)
        return job is not None

    return in_transaction(database, write)


def _extend(session: Session, claim: Claim, settings: Settings) -> bool:
    moment = now()
    latest = claim.claimed_at + timedelta(
        seconds=stage_seconds(claim.stage, settings) + settings.lease_seconds
    )
    if moment > latest:
        return False
    changed = session.execute(
        update(Job)
        .where(Job.id == claim.job_id, Job.attempt == claim.attempt, Job.state == JobState.LEASED)
        .values(lease_until=moment + timedelta(seconds=settings.lease_seconds))
        .returning(Job.id)
    )
    return changed.first() is not None
