"""What reports bring into the gradebook: the points that people gave, after lateness."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.db.courses import Assignment, SpecVersion
from api.db.reports import Report, ReportMark, ReportState
from api.gradebook.records import Records
from api.policies import Lateness, Policy, final_score, for_reports, lateness
from grader.assignment import Report as ReportRules


@dataclass(frozen=True, slots=True)
class ReportGrade:
    """A student's report as the gradebook has it."""

    id: uuid.UUID
    received_at: datetime
    late: Lateness
    score: float | None  # after lateness, of the items marked so far; None: nobody marked any
    is_marked: bool  # all items are


def rules_of(version: SpecVersion) -> ReportRules | None:
    """The assignment's [report]; None where it has none."""
    found = version.config.get("report")
    return None if found is None else ReportRules.model_validate(found)


def most_points(version: SpecVersion) -> float | None:
    """What a report may earn; None where there is none."""
    rules = rules_of(version)
    return None if rules is None else sum(item.points for item in rules.rubric)


def current_marks(session: Session, reports: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, ReportMark]]:
    """The latest mark for each item of each of these reports."""
    query = select(ReportMark).where(ReportMark.report_id.in_(reports)).order_by(ReportMark.version)
    found: dict[uuid.UUID, dict[str, ReportMark]] = defaultdict(dict)
    for mark in session.scalars(query):
        found[mark.report_id][mark.item] = mark
    return found


def counting_reports(
    session: Session,
    assignment_id: uuid.UUID,
    users: Collection[uuid.UUID] | None,
    groups: Mapping[tuple[uuid.UUID, uuid.UUID], uuid.UUID],
) -> dict[uuid.UUID, Report]:
    """The report of each student: the last one, of them or their group, that can be read."""
    query = select(Report).where(
        Report.assignment_id == assignment_id, Report.is_test.is_(False), Report.state != ReportState.REFUSED
    )
    members: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for (_, user_id), group_id in groups.items():
        members[group_id].append(user_id)
    if users is not None:
        query = query.where(or_(Report.user_id.in_(users), Report.group_id.in_(list(members))))
    found: dict[uuid.UUID, Report] = {}
    for report in session.scalars(query.order_by(Report.id)).unique():
        for user_id in {report.user_id, *members.get(report.group_id or report.id, ())}:
            found[user_id] = report
    return found


class ReportBook:
    """The reports for one assignment, of some students or (`users` None) all."""

    def __init__(
        self,
        session: Session,
        assignment: Assignment,
        records: Records,
        users: Sequence[uuid.UUID] | None,
    ) -> None:
        self.most = most_points(assignment.spec_version)
        self._policy = for_reports(Policy.model_validate(assignment.policy))
        self._assignment, self._records = assignment, records
        self._rules = rules_of(assignment.spec_version)
        self._reports: dict[uuid.UUID, Report] = {}
        self._marks: dict[uuid.UUID, dict[str, ReportMark]] = {}
        if self._rules is not None:
            self._reports = counting_reports(session, assignment.id, users, records.groups)
            self._marks = current_marks(session, {one.id for one in self._reports.values()})

    def grade(self, user_id: uuid.UUID) -> ReportGrade | None:
        """A student's report; None if there is none."""
        report = self._reports.get(user_id)
        if report is None or self._rules is None:
            return None
        due = self._records.due(self._assignment.id, user_id)
        late = lateness(self._policy, due, report.received_at, 0)
        marks = self._marks.get(report.id, {})
        given = [marks[item.id].points for item in self._rules.rubric if item.id in marks]
        score = final_score(sum(given), late) if given else None
        is_marked = len(given) == len(self._rules.rubric)
        return ReportGrade(report.id, report.received_at, late, score, is_marked)


def total(score: float | None, report: float | None) -> float | None:
    """What code and report come to together; None as long as there is neither."""
    if score is None and report is None:
        return None
    return (score or 0.0) + (report or 0.0)
