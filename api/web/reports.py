"""Pages: where a report is handed in; and for staff the list of all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.accounts import csrf
from api.accounts.actor import Actor
from api.courses.access import AssignmentAccess, ReportAccess, assignment_for, require_staff
from api.courses.models import Ref
from api.db.base import now
from api.db.reports import Report
from api.errors import ApiError
from api.gradebook.records import Records
from api.gradebook.reports import counting_reports, current_marks
from api.gradebook.table import students
from api.policies import Policy
from api.reports import service, view
from api.reports.view import ReportDetail
from api.services import Running, Services
from api.submissions import quota
from api.submissions.quota import Student
from api.submissions.upload import uploading
from api.web.render import page
from api.web.viewer import Uploader, Viewer
from grader.assignment import RubricItem

router = APIRouter()
_API = "/api/v1/reports"


@dataclass(frozen=True)
class ReportUploadPage:
    """What `pages/report_upload.html` knows: a student's own place."""

    assignment_title: str
    assignment_url: str
    time_zone: str
    now: datetime
    due_at: datetime | None
    error: str
    may_submit: bool
    reason: str
    late_sentence: str
    upload_url: str
    wanted_name: str
    max_pages: int
    max_bytes: int
    rubric: tuple[RubricItem, ...]
    most: float
    report: ReportDetail | None  # handed in last
    report_url: str
    reports_url: str  # for staff: of all


@dataclass(frozen=True)
class ReportRow:
    """A student in the staff's list."""

    name: str
    email: str
    url: str  # "" if nothing was handed in
    received_at: datetime | None
    state: str
    marked: int
    score: float | None


@dataclass(frozen=True)
class ReportsPage:
    """What `pages/reports.html` knows."""

    assignment_title: str
    assignment_url: str
    time_zone: str
    rows: tuple[ReportRow, ...]
    items: int
    most: float
    is_published: bool


@router.get("/assignments/{assignment}/report")
def show_upload(request: Request, assignment: Ref, viewer: Viewer, running: Running) -> Response:
    """One's own report: hand it in, see how far it is."""
    return _upload_page(request, running, viewer, _access(running, viewer, assignment))


@router.post("/assignments/{assignment}/report")
async def upload(request: Request, assignment: Ref, viewer: Uploader, running: Running) -> Response:
    """Take the form's PDF; on to its page. What is refused is explained on the page itself."""
    access = await run_in_threadpool(_access, running, viewer, assignment)
    try:
        running.limiter.hit("upload", f"user {viewer.user_id}")
        async with uploading(request, running.blobs, service.caps_for(running, access)) as form:
            csrf.require_match(viewer, form.fields.get(csrf.FIELD))
            accepted = await run_in_threadpool(service.hand_in, running, viewer, access, form)
    except ApiError as error:
        return await run_in_threadpool(_upload_page, request, running, viewer, access, error)
    return RedirectResponse(f"/reports/{accepted.report.id}", 303)


@router.get("/assignments/{assignment}/reports")
def show_all(request: Request, assignment: Ref, viewer: Viewer, running: Running) -> Response:
    """Staff: every student's report."""
    with running.database.read() as session:
        access = assignment_for(session, viewer, assignment)
        require_staff(access)
        rules = service.rules_for(access)
        rows = tuple(_rows(session, access))
    context = ReportsPage(
        assignment_title=access.assignment.title,
        assignment_url=f"/assignments/{access.assignment.id}",
        time_zone=access.course.time_zone,
        rows=rows,
        items=len(rules.rubric),
        most=sum(item.points for item in rules.rubric),
        is_published=access.assignment.is_published,
    )
    return page(request, "reports", context)


def _access(running: Services, viewer: Actor, reference: str) -> AssignmentAccess:
    with running.database.read() as session:
        access = assignment_for(session, viewer, reference)
    service.rules_for(access)
    return access


def _upload_page(
    request: Request,
    running: Services,
    viewer: Actor,
    access: AssignmentAccess,
    error: ApiError | None = None,
) -> Response:
    moment, assignment, rules = now(), access.assignment, service.rules_for(access)
    with running.database.read() as session:
        session.add(assignment)
        decision = service.decide(session, assignment, viewer.user_id, moment)
        late = service.late(session, assignment, viewer.user_id, moment)
        newest = _newest(session, viewer, access)
        found = view.detail(session, _of(access, newest)) if newest else None
        due = Records(session, [assignment], [viewer.user_id]).due(assignment.id, viewer.user_id)
    here = f"/assignments/{assignment.id}"
    context = ReportUploadPage(
        assignment_title=assignment.title,
        assignment_url=here,
        time_zone=access.course.time_zone,
        now=moment,
        due_at=due,
        error=error.detail if error else "",
        may_submit=decision.allowed or access.is_staff,
        reason=decision.reason,
        late_sentence=late.sentence if late.late and not access.is_staff else "",
        upload_url=f"{here}/report",
        wanted_name=rules.files[0] if rules.files else "",
        max_pages=rules.max_pages,
        max_bytes=service.caps_for(running, access).bytes,
        rubric=rules.rubric,
        most=sum(item.points for item in rules.rubric),
        report=found,
        report_url=f"/reports/{found.id}" if found else "",
        reports_url=f"{here}/reports" if access.is_staff else "",
    )
    return page(request, "report_upload", context, error=error)


def _newest(session: Session, viewer: Actor, access: AssignmentAccess) -> Report | None:
    policy = Policy.model_validate(access.assignment.policy)
    student = Student(viewer.user_id, quota.group_of(session, access.assignment, policy, viewer.user_id))
    return service.newest(session, access.assignment.id, student, is_test=access.is_staff)


def _of(access: AssignmentAccess, report: Report) -> ReportAccess:
    return ReportAccess(access.course, access.role, access.assignment, report)


def _rows(session: Session, access: AssignmentAccess) -> list[ReportRow]:
    """Every student, those with a report that waits for marks first."""
    assignment = access.assignment
    groups = Records(session, [assignment]).groups
    reports = counting_reports(session, assignment.id, None, groups)
    marks = current_marks(session, {one.id for one in reports.values()})
    items = {item.id for item in service.rules_for(access).rubric}
    rows = []
    for student in students(session, access.course.id):
        report = reports.get(student.id)
        given = [mark for name, mark in marks.get(report.id, {}).items() if name in items] if report else []
        rows.append(
            ReportRow(
                name=student.name or student.email,
                email=student.email,
                url=f"/reports/{report.id}" if report else "",
                received_at=report.received_at if report else None,
                state=report.state if report else "",
                marked=len(given),
                score=sum(mark.points for mark in given) if given else None,
            )
        )
    return sorted(rows, key=lambda row: (not row.url, row.marked == len(items), row.email))
