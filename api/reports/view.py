"""The JSON of reports, which the pages show too."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.courses.access import AssignmentAccess, ReportAccess
from api.courses.models import Incoming, PersonOut, Text
from api.db.accounts import User
from api.db.reports import Report, ReportMark, ReportState
from api.gradebook.reports import current_marks, rules_of
from api.gradebook.views import LateView
from api.policies import final_score
from api.reports.service import late
from api.submissions.view import AssignmentRef, UserRef, assignment_ref


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class MarkOut(_Record):
    """What an item was given. `by` is for staff only."""

    points: float
    comment: str
    version: int
    at: datetime
    by: PersonOut | None


class ItemOut(_Record):
    """An item of the rubric, with its mark if there is one that the reader may see."""

    id: str
    title: str
    description: str
    points: float  # at most
    mark: MarkOut | None


class ReportItem(_Record):
    """A report as one line of a list."""

    id: uuid.UUID
    assignment: AssignmentRef
    user: UserRef
    group_id: uuid.UUID | None
    file_name: str
    size: int  # bytes
    received_at: datetime
    state: ReportState
    pages: int | None
    fault: str  # why it was refused
    is_test: bool


class ReportDetail(ReportItem):
    """A report with everything that the reader may see of it."""

    lateness: LateView
    are_marks_shown: bool  # False: they come when the grades are published
    items: tuple[ItemOut, ...]
    score: float | None  # of the items marked so far, before lateness
    final_score: float | None  # after it
    max_score: float


class MarkIn(Incoming):
    """A mark to be given. `version` is that of the mark that you saw: 0 where there was none."""

    points: Annotated[FiniteFloat, Field(ge=0, le=1e6)]
    comment: Annotated[Text, Field(max_length=5000)] = ""
    version: Annotated[int, Field(ge=0)] = 0


class MarkEvent(_Record):
    """A version of a mark: who gave what, and when."""

    item: str
    version: int
    points: float
    comment: str
    at: datetime
    by: PersonOut | None  # None: an account that is gone

    @classmethod
    def of(cls, mark: ReportMark, by: User | None) -> MarkEvent:
        """As staff see it."""
        return cls(
            item=mark.item,
            version=mark.version,
            points=mark.points,
            comment=mark.comment,
            at=mark.created_at,
            by=PersonOut.who(by) if by else None,
        )


def item(report: Report) -> ReportItem:
    """One line of a list."""
    user = report.user
    return ReportItem(
        id=report.id,
        assignment=assignment_ref(report.assignment),
        user=UserRef(id=user.id, name=user.name, email=user.email),
        group_id=report.group_id,
        file_name=report.file_name,
        size=report.size,
        received_at=report.received_at,
        state=ReportState(report.state),
        pages=report.page_count,
        fault=report.fault,
        is_test=report.is_test,
    )


def shows_marks(access: AssignmentAccess) -> bool:
    """Whether the reader may see marks: they are released with the rest of the grades."""
    return access.is_staff or access.assignment.is_published


def detail(session: Session, access: ReportAccess) -> ReportDetail:
    """Everything that the reader may see."""
    report = access.report
    rules = rules_of(access.assignment.spec_version)
    shown = shows_marks(access)
    marks = current_marks(session, [report.id]).get(report.id, {}) if shown else {}
    people = _people(session, marks.values()) if access.is_staff else {}
    items = tuple(
        ItemOut(
            id=one.id,
            title=one.title,
            description=one.description,
            points=one.points,
            mark=_mark(marks.get(one.id), people),
        )
        for one in (rules.rubric if rules else ())
    )
    given = [one.mark.points for one in items if one.mark is not None]
    score = sum(given) if given else None
    lateness = late(session, access.assignment, report.user_id, report.received_at)
    return ReportDetail(
        **dict(item(report)),
        lateness=LateView.of(lateness),
        are_marks_shown=shown,
        items=items,
        score=score,
        final_score=final_score(score, lateness),
        max_score=sum(one.points for one in items),
    )


def _mark(mark: ReportMark | None, people: dict[uuid.UUID, User]) -> MarkOut | None:
    if mark is None:
        return None
    by = people.get(mark.marked_by) if mark.marked_by else None
    return MarkOut(
        points=mark.points,
        comment=mark.comment,
        version=mark.version,
        at=mark.created_at,
        by=PersonOut.who(by) if by else None,
    )


def _people(session: Session, marks: Iterable[ReportMark]) -> dict[uuid.UUID, User]:
    wanted = {mark.marked_by for mark in marks if mark.marked_by}
    return {user.id: user for user in session.scalars(select(User).where(User.id.in_(wanted)))}
