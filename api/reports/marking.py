"""Marks for a report, item by item. Nothing is overwritten: each change is a version, and an audit event."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api import audit
from api.courses.access import ReportAccess
from api.courses.checks import unique
from api.db.accounts import User
from api.db.reports import ReportMark, ReportState
from api.errors import Conflict, NotFound, Unprocessable
from api.gradebook.reports import current_marks, rules_of
from grader.assignment import RubricItem

_RACE = (
    "Somebody else marked this item just now: look at their mark, and save yours again if you still want to."
)


@dataclass(frozen=True)
class NewMark:
    """What somebody gives. `version` is the one that they saw: 0 where there was none."""

    item: str
    points: float
    comment: str
    version: int


def mark(session: Session, actor_id: uuid.UUID, access: ReportAccess, given: NewMark) -> ReportMark:
    """Give a mark, or change one. The same again changes nothing.

    Raises:
        NotFound: the rubric has no such item.
        Unprocessable: more points than there are.
        Conflict: somebody else marked it meanwhile.
    """
    item = _item(access, given.item)
    if not 0 <= given.points <= item.points:
        raise Unprocessable(f"{item.title}: give 0 to {item.points:g} points.", kind="invalid-points")
    if access.report.state == ReportState.REFUSED:
        raise Conflict("This file cannot be read, so it counts for nothing. Mark the report that does.")
    before = current_marks(session, [access.report.id]).get(access.report.id, {}).get(item.id)
    if before is not None and (before.points, before.comment) == (given.points, given.comment):
        return before
    if given.version != (before.version if before else 0):
        raise Conflict(_RACE, kind="marked-meanwhile")
    new = ReportMark(
        report_id=access.report.id,
        item=item.id,
        version=given.version + 1,
        points=given.points,
        comment=given.comment,
        marked_by=actor_id,
    )
    with unique(session, _RACE):
        session.add(new)
    audit.record(
        session, actor_id, "report.mark", "report", access.report.id, access.course.id,
        item=item.id, version=new.version, points=given.points, comment=given.comment,
        before=None if before is None else {"points": before.points, "comment": before.comment},
    )  # fmt: skip
    return new


def history(session: Session, report_id: uuid.UUID) -> Sequence[tuple[ReportMark, User | None]]:
    """All versions of all marks, the oldest first, and who gave them."""
    query = (
        select(ReportMark, User)
        .outerjoin(User, User.id == ReportMark.marked_by)
        .where(ReportMark.report_id == report_id)
        .order_by(ReportMark.id)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def _item(access: ReportAccess, identifier: str) -> RubricItem:
    rules = rules_of(access.assignment.spec_version)
    for item in rules.rubric if rules else ():
        if item.id == identifier:
            return item
    raise NotFound(f"The rubric has no item {identifier[:60]!r}.")
