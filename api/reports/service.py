"""Takes reports in. The service looks at how a PDF begins and ends, and at nothing else of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts.actor import Actor
from api.courses.access import AssignmentAccess
from api.courses.extensions import find_extension
from api.db.base import now
from api.db.courses import Assignment
from api.db.reports import Report, ReportPage
from api.errors import Conflict, Forbidden, NotFound, Unprocessable
from api.gradebook.reports import rules_of
from api.policies import Decision, Lateness, Policy, due_for, for_reports, lateness, may_submit
from api.services import Services
from api.submissions import quota
from api.submissions.form import Caps, File, Form
from api.submissions.names import safe_name
from api.submissions.quota import Student
from api.submissions.service import Stored, keep_blob
from grader.assignment import Report as Rules
from grader.pdf import problem

_QUEUE = "quick"  # its workers draw, too


@dataclass(frozen=True)
class Accepted:
    """What became of an upload. `is_new`: False where it is the report that counts already, byte for byte."""

    report: Report
    is_new: bool


def rules_for(access: AssignmentAccess) -> Rules:
    """The assignment's [report]. Raises `NotFound`."""
    rules = rules_of(access.assignment.spec_version)
    if rules is None:
        raise NotFound("This assignment asks for no report.", kind="no-report")
    return rules


def caps_for(services: Services, access: AssignmentAccess) -> Caps:
    """What an upload may bring: one file."""
    return Caps(min(services.settings.upload_bytes, rules_for(access).max_bytes), 1)


def hand_in(services: Services, actor: Actor, access: AssignmentAccess, form: Form) -> Accepted:
    """Keep the PDF that a form brought, and have its pages drawn.

    Raises:
        Unprocessable: it is no whole PDF; the sentence says what to do.
        Forbidden: not now.
    """
    rules = rules_for(access)
    if not form.files:
        raise Unprocessable("Choose a PDF to hand in.", kind="no-file")
    accepted = _enter(services, actor, access, _kept(form.files[0], rules))
    if accepted.is_new:
        services.doorbell.ring(_QUEUE)
    return accepted


def decide(session: Session, assignment: Assignment, user_id: uuid.UUID, moment: datetime) -> Decision:
    """Whether this student may hand in a report at `moment`: the policy's dates, and no tries."""
    policy, due = _dates(session, assignment, user_id)
    return may_submit(policy, due, moment, (), 0, 0)


def late(session: Session, assignment: Assignment, user_id: uuid.UUID, moment: datetime) -> Lateness:
    """How late a report of this student would be."""
    policy, due = _dates(session, assignment, user_id)
    return lateness(policy, due, moment, 0)


def newest(session: Session, assignment_id: uuid.UUID, student: Student, *, is_test: bool) -> Report | None:
    """The report that a student, or their group, handed in last."""
    own = Report.user_id == student.user_id
    theirs = own if student.group_id is None else own | (Report.group_id == student.group_id)
    query = select(Report).where(Report.assignment_id == assignment_id, theirs, Report.is_test.is_(is_test))
    return session.scalars(query.order_by(Report.id.desc()).limit(1)).first()


def pages(session: Session, report_id: uuid.UUID) -> Sequence[ReportPage]:
    """The pictures of its pages, in order."""
    query = select(ReportPage).where(ReportPage.report_id == report_id)
    return session.scalars(query.order_by(ReportPage.number)).all()


def _dates(session: Session, assignment: Assignment, user_id: uuid.UUID) -> tuple[Policy, datetime | None]:
    policy = for_reports(Policy.model_validate(assignment.policy))
    extension = find_extension(session, assignment, user_id)
    return policy, due_for(policy, extension.due_at if extension else None)


def _kept(file: File, rules: Rules) -> Stored:
    name = safe_name(file.name)
    wrong = problem(name, file.content.read(), rules.max_bytes)
    if wrong is not None:
        raise Unprocessable(wrong, kind="unusable")
    return Stored(name, *file.content.finish())


def _enter(services: Services, actor: Actor, access: AssignmentAccess, stored: Stored) -> Accepted:
    policy = Policy.model_validate(access.assignment.policy)
    with services.database.write() as session:
        session.add(access.assignment)  # loaded already
        student = Student(actor.user_id, quota.group_of(session, access.assignment, policy, actor.user_id))
        quota.lock(session, student)
        earlier = newest(session, access.assignment.id, student, is_test=access.is_staff)
        if earlier is not None and earlier.blob_digest == stored.digest:
            return Accepted(earlier, is_new=False)
        moment = now()
        if not access.is_staff:
            _require_permission(session, access.assignment, actor.user_id, moment)
        keep_blob(session, stored)
        report = Report(
            assignment=access.assignment,
            user_id=student.user_id,
            group_id=student.group_id,
            blob_digest=stored.digest,
            file_name=stored.name,
            size=stored.size,
            received_at=moment,
            is_test=access.is_staff,
        )
        session.add(report)
        session.flush()
        session.refresh(report)
    return Accepted(report, is_new=True)


def _require_permission(
    session: Session, assignment: Assignment, user_id: uuid.UUID, moment: datetime
) -> None:
    decision = decide(session, assignment, user_id, moment)
    if not decision.allowed:
        error = Conflict if decision.kind == "no_quota" else Forbidden
        raise error(decision.reason, kind=decision.kind.replace("_", "-"))
