"""Page: an assignment, to hand in and to see what was handed in."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from api.accounts import csrf
from api.accounts.actor import Actor
from api.answers.service import sheet_of
from api.courses.access import AssignmentAccess, assignment_for
from api.db.base import now
from api.db.courses import Assignment
from api.errors import ApiError
from api.gradebook.reports import most_points
from api.gradebook.standing import standing
from api.gradebook.views import ReportLine, Standing, SubmissionLine
from api.policies import LatePolicy, Policy
from api.services import Running, Services
from api.submissions.service import caps_for, hand_in
from api.submissions.upload import uploading
from api.web import words
from api.web.home import tries
from api.web.render import page
from api.web.viewer import Uploader, Viewer

router = APIRouter()
_MOST_ROWS = 50
_COUNTS = {"best": "your best result", "last": "your last one", "chosen": "the one you choose"}


@dataclass(frozen=True)
class HistoryRow:
    """Something handed in."""

    url: str
    file_name: str
    received_at: datetime
    by: str  # whoever of the group it was; empty: the viewer
    late: str
    state: str
    score: float | None
    max_score: float | None
    counts: bool


@dataclass(frozen=True)
class OtherPart:
    """Something else that is handed in for the assignment, on a page of its own."""

    title: str
    url: str
    words: str


@dataclass(frozen=True)
class AssignmentPage:
    """What `pages/assignment.html` knows."""

    title: str
    description: str
    course_name: str
    course_slug: str
    time_zone: str
    now: datetime
    due_at: datetime | None
    extended: bool
    facts: tuple[tuple[str, str], ...]
    others: tuple[OtherPart, ...]
    error: str  # why an upload was not accepted
    may_submit: bool
    reason: str
    next_at: datetime | None
    late_sentence: str  # what handing in now would cost
    upload_url: str
    accept: tuple[str, ...]
    max_bytes: int
    max_files: int
    quota: str
    history: tuple[HistoryRow, ...]
    more_history: bool


@router.get("/assignments/{assignment}")
def show(request: Request, assignment: str, viewer: Viewer, running: Running) -> Response:
    """The page."""
    return _page(request, running, viewer, _access(running, viewer, assignment))


@router.post("/assignments/{assignment}")
async def upload(
    request: Request, assignment: str, viewer: Uploader, running: Running, key: str | None = None
) -> Response:
    """Take the form's file; on to its result. What is refused is explained on the page itself.

    key: is made with the form, so that sending it twice hands in once.
    """
    access = await run_in_threadpool(_access, running, viewer, assignment)
    try:
        running.limiter.hit("upload", f"user {viewer.user_id}")
        async with uploading(request, running.blobs, caps_for(running, access)) as form:
            csrf.require_match(viewer, form.fields.get(csrf.FIELD))
            accepted = await run_in_threadpool(hand_in, running, viewer, access, form, key)
    except ApiError as error:
        return await run_in_threadpool(_page, request, running, viewer, access, error)
    return RedirectResponse(f"/submissions/{accepted.submission.id}", 303)


def _access(running: Services, viewer: Actor, reference: str) -> AssignmentAccess:
    with running.database.read() as session:
        return assignment_for(session, viewer, reference)


def _page(
    request: Request,
    running: Services,
    viewer: Actor,
    access: AssignmentAccess,
    error: ApiError | None = None,
) -> Response:
    moment = now()
    with running.database.read() as session:
        stands = standing(session, access.assignment, viewer.user_id, moment)
    context = _context(running, viewer, access, stands, moment, error.detail if error else "")
    return page(request, "assignment", context, error=error)


def _context(
    running: Services,
    viewer: Actor,
    access: AssignmentAccess,
    stands: Standing,
    moment: datetime,
    error: str,
) -> AssignmentPage:
    assignment, caps = access.assignment, caps_for(running, access)
    return AssignmentPage(
        title=assignment.title,
        description=assignment.description,
        course_name=access.course.name,
        course_slug=access.course.slug,
        time_zone=stands.time_zone,
        now=moment,
        due_at=stands.due_at,
        extended=stands.is_extended,
        facts=_facts(assignment, stands, is_staff=access.is_staff),
        others=tuple(_others(access, stands)),
        error=error,
        may_submit=stands.may_submit or access.is_staff,
        reason=stands.reason,
        next_at=stands.next_at,
        late_sentence="" if access.is_staff else _late(stands.if_submitted_now.late_seconds, stands),
        upload_url=f"/assignments/{assignment.id}?key={uuid.uuid4()}",
        accept=Policy.model_validate(assignment.policy).accept,
        max_bytes=caps.bytes,
        max_files=caps.files,
        quota="" if access.is_staff else tries(assignment, stands),
        history=tuple(_row(one, viewer) for one in stands.submissions[:_MOST_ROWS]),
        more_history=len(stands.submissions) > _MOST_ROWS,
    )


def _others(access: AssignmentAccess, stands: Standing) -> Iterator[OtherPart]:
    """Written answers and the report, where the assignment asks for them."""
    here, version = f"/assignments/{access.assignment.id}", access.assignment.spec_version
    sheet = sheet_of(version)
    if sheet is not None:
        yield OtherPart("Written answers", f"{here}/answers", words.plural(len(sheet.questions), "question"))
    most = most_points(version)
    if most is None:
        return
    if access.is_staff:
        yield OtherPart("Reports", f"{here}/reports", f"to mark, up to {words.points(most)} points")
        yield OtherPart("Report", f"{here}/report", "hand one in as a test")
    else:
        yield OtherPart("Report", f"{here}/report", _report_words(stands.report, most))


def _report_words(report: ReportLine | None, most: float) -> str:
    if report is None:
        return f"a PDF for up to {words.points(most)} points; nothing handed in yet"
    if report.score is None:
        return f"handed in, up to {words.points(most)} points"
    return f"{words.points(report.score)} of {words.points(most)} points"


def _late(late_seconds: float, stands: Standing) -> str:
    return stands.if_submitted_now.sentence if late_seconds > 0 else ""


def _facts(assignment: Assignment, stands: Standing, *, is_staff: bool) -> tuple[tuple[str, str], ...]:
    """The rules, as far as there is anything to say."""
    policy = Policy.model_validate(assignment.policy)
    known = [("Late work", _late_words(policy.late) if policy.due_at else "")]
    known.append(("What counts", _COUNTS[policy.counts]))
    if policy.submissions_per_period is not None:
        allowed = policy.submissions_per_period + stands.extra_submissions
        known.append(("Tries", f"{allowed} in {policy.period_hours:g} hours"))
    if stands.late_days_left is not None:
        known.append(("Your late days", f"{stands.late_days_left} left"))
    if policy.group_size > 1:
        known.append(("Groups", f"up to {policy.group_size}"))
    if is_staff:
        known.append(("You are staff", "what you hand in counts for nobody"))
    return tuple((label, text) for label, text in known if text)


def _late_words(late: LatePolicy) -> str:
    most = f", up to {words.plural(late.max_days, 'day')}" if late.max_days else ""
    if late.kind == "none":
        return "not accepted"
    if late.kind == "late_days":
        return f"one late day each day{most}"
    return f"−{late.percent:g} % each day{most}"


def _row(line: SubmissionLine, viewer: Actor) -> HistoryRow:
    own = line.submitted_by in (viewer.name, viewer.email)
    score = line.score if line.final_score is None else line.final_score
    return HistoryRow(
        url=f"/submissions/{line.id}",
        file_name=line.file_name,
        received_at=line.received_at,
        by="" if own else line.submitted_by,
        late=f"{words.plural(line.lateness.days, 'day')} late" if line.lateness.days else "",
        state=line.state,
        score=score if line.state == "graded" else None,
        max_score=line.max_score,
        counts=line.counts,
    )
