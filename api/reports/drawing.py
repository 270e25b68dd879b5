"""What workers do with reports: claim one, have its pages drawn, keep the pictures.

A claim is a lease with an attempt, as a job's is: a worker that was taken for dead writes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from api.blobs import BlobStore
from api.db.base import now
from api.db.engine import Database
from api.db.reports import Report, ReportPage, ReportState
from api.gradebook.reports import rules_of
from api.submissions.service import Stored, keep_blob
from grader.pdf import Picture

LEASE = timedelta(seconds=400)  # longer than any drawing: the sandbox ends before
_PAUSE = timedelta(seconds=30)  # after a fault of ours
_LONGEST_FAULT = 500
_OURS = "Its pages could not be drawn. That is our fault."


@dataclass(frozen=True)
class Claim:
    """A report to be drawn."""

    report_id: uuid.UUID
    attempt: int
    blob_digest: str
    file_name: str
    max_pages: int


def claim(database: Database, attempts: int) -> Claim | None:
    """The report that has waited longest; None if none waits. One that was tried `attempts` times, with
    workers that died of it, is given up.
    """
    with database.read() as session:  # mostly there is none: nobody has to wait for a writer then
        if session.scalars(_waiting(now())).first() is None:
            return None
    with database.write() as session:
        moment = now()
        query = _waiting(moment).with_for_update(of=Report, skip_locked=True)
        while (report := session.scalars(query).first()) is not None:
            if report.attempt < attempts:
                break
            report.state, report.fault, report.lease_until = ReportState.FAILED, _OURS, None
            session.flush()
        if report is None:
            return None
        report.attempt += 1
        report.lease_until = moment + LEASE
        rules = rules_of(report.assignment.spec_version)
        pages = rules.max_pages if rules else 1
        return Claim(report.id, report.attempt, report.blob_digest, report.file_name, pages)


def _waiting(moment: datetime) -> Select[Report]:
    free = or_(Report.lease_until.is_(None), Report.lease_until < moment)
    return select(Report).where(Report.state == ReportState.WAITING, free).order_by(Report.id).limit(1)


def keep(database: Database, blobs: BlobStore, mine: Claim, drawn: Sequence[Picture]) -> bool:
    """Keep the pictures. False if the lease was lost."""
    stored = [_stored(blobs, number, picture) for number, picture in enumerate(drawn, 1)]
    with database.write() as session:
        report = _mine(session, mine)
        if report is None:
            return False
        session.execute(delete(ReportPage).where(ReportPage.report_id == report.id))
        for number, (one, picture) in enumerate(zip(stored, drawn, strict=True), 1):
            keep_blob(session, one)
            session.add(
                ReportPage(
                    report_id=report.id,
                    number=number,
                    blob_digest=one.digest,
                    width=picture.width,
                    height=picture.height,
                    size=one.size,
                )
            )
        report.state, report.page_count, report.fault = ReportState.READY, len(drawn), ""
        report.lease_until = None
    return True


def refuse(database: Database, mine: Claim, sentence: str) -> bool:
    """It cannot be read: the student's fault. False if the lease was lost."""
    return _end(database, mine, ReportState.REFUSED, sentence)


def fail(database: Database, mine: Claim, attempts: int) -> bool:
    """Our fault: it is tried again after a pause, `attempts` times. False if the lease was lost."""
    if mine.attempt >= attempts:
        return _end(database, mine, ReportState.FAILED, _OURS)
    with database.write() as session:
        report = _mine(session, mine)
        if report is not None:
            report.lease_until = now() + _PAUSE
    return report is not None


def _end(database: Database, mine: Claim, state: ReportState, sentence: str) -> bool:
    with database.write() as session:
        report = _mine(session, mine)
        if report is not None:
            report.state, report.fault, report.lease_until = state, sentence[:_LONGEST_FAULT], None
    return report is not None


def _mine(session: Session, mine: Claim) -> Report | None:
    report = session.get(Report, mine.report_id, with_for_update={"of": Report})
    still = report is not None and report.state == ReportState.WAITING and report.attempt == mine.attempt
    return report if still else None


def _stored(blobs: BlobStore, number: int, picture: Picture) -> Stored:
    with blobs.receive() as receiving:
        receiving.write(picture.data)
        return Stored(f"{number}.png", *receiving.finish())
