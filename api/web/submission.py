"""Page: a submission: how far it is, then its result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.courses.access import SubmissionAccess, submission_for
from api.db.base import now
from api.db.submissions import State
from api.gradebook.standing import standing
from api.gradebook.views import SubmissionLine
from api.services import Running
from api.submissions.reading import detail
from api.submissions.sight import sight_of
from api.submissions.view import QueuePlace, SubmissionDetail
from api.web import words
from api.web.render import page
from api.web.score_view import ScoreView, score_view
from api.web.viewer import Viewer

router = APIRouter()
_API = "/api/v1/submissions"
_FINAL = (State.GRADED, State.FAILED, State.SUPERSEDED)


@dataclass(frozen=True)
class SubmissionPage:
    """What `pages/submission.html` knows."""

    file_name: str
    file_url: str
    size: int
    assignment_title: str
    assignment_url: str
    received_at: datetime
    time_zone: str
    by: str  # whose it is, if not the viewer's
    state: str
    is_final: bool
    results_later: bool  # it is graded, and the course shows results later
    error: str  # for staff: why it failed
    events_url: str
    live_title: str
    live_detail: str
    tests_done: int
    tests_total: int | None
    looks: dict[str, words.Verdict]
    score: ScoreView | None
    total_words: str


@router.get("/submissions/{submission}")
def show(request: Request, submission: str, viewer: Viewer, running: Running) -> Response:
    """The page."""
    moment = now()
    with running.database.read() as session:
        access = submission_for(session, viewer, submission)
        found = detail(session, access, sight_of(session, access, viewer.user_id, moment))
        line = _line(session, access, moment)
    is_own = access.submission.user_id == viewer.user_id
    return page(request, "submission", _context(access, found, line, is_own=is_own))


def _line(session: Session, access: SubmissionAccess, moment: datetime) -> SubmissionLine | None:
    """What it comes to for its student, lateness included."""
    whose = access.submission.user_id
    stands = standing(session, access.assignment, whose, moment, as_staff=access.is_staff)
    return next((one for one in stands.submissions if one.id == access.submission.id), None)


def _context(
    access: SubmissionAccess, found: SubmissionDetail, line: SubmissionLine | None, *, is_own: bool
) -> SubmissionPage:
    is_final = found.state in _FINAL
    title, sentence = _live(found.state, found.queue)
    return SubmissionPage(
        file_name=found.file_name,
        file_url=f"{_API}/{found.id}/file",
        size=found.size,
        assignment_title=found.assignment.title,
        assignment_url=f"/assignments/{found.assignment.id}",
        received_at=found.received_at,
        time_zone=access.course.time_zone,
        by="" if is_own else (found.user.name or found.user.email),
        state=found.state,
        is_final=is_final,
        results_later=found.state == State.GRADED and not found.shows_results,
        error=found.error or "",
        events_url=f"{_API}/{found.id}/events",
        live_title=title,
        live_detail=sentence,
        tests_done=found.progress.tests_done if found.progress else 0,
        tests_total=found.progress.tests_total if found.progress else None,
        looks=words.verdicts(),
        score=score_view(found.result, _late(line)) if found.result else None,
        total_words=_total_words(found, line),
    )


def _live(state: State, place: QueuePlace | None) -> tuple[str, str]:
    """How far it is, in words; `live.js` says the same as it goes on."""
    if state is State.GRADING:
        return "Your code is being tested", "Results appear here one by one."
    if place is None or place.position <= 1:
        return "Waiting: you are next", "You may close this page."
    about = f"About {words.duration(place.estimate_seconds)}. " if place.estimate_seconds else ""
    return f"Waiting: {place.position - 1} before you", f"{about}You may close this page."


def _late(line: SubmissionLine | None) -> str:
    if line is None or line.lateness.late_seconds <= 0:
        return ""
    if line.final_score is None or line.lateness.factor == 1:
        return line.lateness.sentence
    return f"{line.lateness.sentence} That makes {words.points(line.final_score)} points."


def _total_words(found: SubmissionDetail, line: SubmissionLine | None) -> str:
    if found.state is State.GRADING:
        return "points so far"
    if found.result is not None and found.result.withheld:
        return "points of the tests shown"
    return "points; this one counts" if line is not None and line.counts else "points"
