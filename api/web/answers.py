"""Page: the written answers of an assignment: drafts, what cannot be read, and handing in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from api.accounts.actor import Actor
from api.answers import service
from api.answers.models import DraftIn
from api.answers.service import Draft
from api.courses.access import AssignmentAccess, assignment_for
from api.db.base import now
from api.errors import ApiError, Unprocessable
from api.gradebook.standing import standing
from api.gradebook.views import Standing
from api.policies import Policy
from api.services import Running, Services
from api.submissions import combining, quota
from api.submissions.quota import Student
from api.web import answer_fields
from api.web.answer_fields import Section
from api.web.home import tries
from api.web.render import page
from api.web.viewer import Viewer

router = APIRouter()
_UNREADABLE = "unreadable-answers"


@dataclass(frozen=True)
class AnswersPage:
    """What `pages/answers.html` knows."""

    assignment_title: str
    assignment_url: str
    time_zone: str
    now: datetime
    saved_at: datetime | None
    just_saved: bool
    error: str  # why they were not handed in
    problems: tuple[str, ...]  # answers that cannot be read
    missing: int
    total: int
    sections: tuple[Section, ...]
    form_url: str
    may_submit: bool
    reason: str
    late_sentence: str
    quota: str
    beside: str  # the file that they are handed in with; "" if there is none
    beside_at: datetime | None
    offers_anyway: bool  # they may be handed in although some cannot be read


@dataclass(frozen=True)
class _Said:
    """What the last click came to. `loose`: explanations without a mark, which are shown but not saved."""

    just_saved: bool = False
    error: ApiError | None = None
    loose: Mapping[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence about those."""
        count = len(self.loose)
        if not count:
            return ()
        whose = "an option that is" if count == 1 else f"{count} options that are"
        return (f"You explained {whose} not marked. Mark what applies: other explanations are not kept.",)


async def _posted(request: Request) -> FormData:
    return await request.form()


Posted = Annotated[FormData, Depends(_posted)]


@router.get("/assignments/{assignment}/answers")
def show(
    request: Request, assignment: str, viewer: Viewer, running: Running, saved: bool = False
) -> Response:
    """The page."""
    return _page(request, running, viewer, _access(running, viewer, assignment), _Said(saved))


@router.post("/assignments/{assignment}/answers")
def save(
    request: Request,
    assignment: str,
    viewer: Viewer,
    running: Running,
    posted: Posted,
    key: str | None = None,
) -> Response:
    """Save the draft; hand it in if that was clicked. What is refused is explained on the page itself."""
    access = _access(running, viewer, assignment)
    sheet = service.require_sheet(access)
    try:
        _save(running, viewer, access, answer_fields.read(sheet, posted))
        if loose := answer_fields.unmarked(sheet, posted):
            return _page(request, running, viewer, access, _Said(True, loose=loose))
        if (clicked := posted.get("action")) in ("hand-in", "anyway"):
            running.limiter.hit("upload", f"user {viewer.user_id}")
            accepted = service.hand_in(running, viewer, access, key, despite_problems=clicked == "anyway")
            return RedirectResponse(f"/submissions/{accepted.submission.id}", 303)
    except ApiError as error:
        return _page(request, running, viewer, access, _Said(error=error))
    return RedirectResponse(f"/assignments/{access.assignment.id}/answers?saved=true", 303)


def _access(running: Services, viewer: Actor, reference: str) -> AssignmentAccess:
    with running.database.read() as session:
        access = assignment_for(session, viewer, reference)
    service.require_sheet(access)
    return access


def _save(running: Services, viewer: Actor, access: AssignmentAccess, answers: Mapping[str, Any]) -> None:
    try:
        draft = DraftIn.model_validate({"answers": answers})
    except ValidationError as error:
        where = error.errors()[0]["loc"]
        name = str(where[1]) if len(where) > 1 else "An answer"
        raise Unprocessable(f"{name}: {error.errors()[0]['msg'][:200]}") from error
    with running.database.write() as session:
        service.save(session, viewer, access, draft.answers)


def _page(
    request: Request, running: Services, viewer: Actor, access: AssignmentAccess, said: _Said
) -> Response:
    moment = now()
    with running.database.read() as session:
        draft = service.find(session, viewer, access)
        stands = standing(session, access.assignment, viewer.user_id, moment)
        beside = _beside(session, viewer, access)
    context = _context(viewer, access, draft, stands, moment, beside, said)
    return page(request, "answers", context, error=said.error)


def _beside(session: Session, viewer: Actor, access: AssignmentAccess) -> tuple[str, datetime] | None:
    """The newest submission: its files are handed in along with the answers."""
    policy = Policy.model_validate(access.assignment.policy)
    group = quota.group_of(session, access.assignment, policy, viewer.user_id)
    student = Student(viewer.user_id, group)
    found = combining.newest(session, access.assignment.id, student, is_test=access.is_staff)
    return (found.file_name, found.received_at) if found else None


def _context(
    viewer: Actor,
    access: AssignmentAccess,
    draft: Draft,
    stands: Standing,
    moment: datetime,
    beside: tuple[str, datetime] | None,
    said: _Said,
) -> AnswersPage:
    assignment = access.assignment
    sheet = service.require_sheet(access)
    titles = {part["name"]: part["title"] or part["name"] for part in assignment.spec_version.config["parts"]}
    late = stands.if_submitted_now
    here = f"/assignments/{assignment.id}"
    return AnswersPage(
        assignment_title=assignment.title,
        assignment_url=here,
        time_zone=stands.time_zone,
        now=moment,
        saved_at=draft.saved_at,
        just_saved=said.just_saved,
        error=said.error.detail if said.error else "",
        problems=(*draft.problems, *said.problems),
        missing=len(draft.missing),
        total=len(sheet.questions),
        sections=answer_fields.sections(sheet, draft.answers, draft.problems, titles, said.loose),
        form_url=f"{here}/answers?key={uuid.uuid4()}",
        may_submit=stands.may_submit or access.is_staff,
        reason=stands.reason,
        late_sentence=late.sentence if late.late_seconds > 0 and not access.is_staff else "",
        quota="" if access.is_staff else tries(assignment, stands),
        beside=beside[0] if beside else "",
        beside_at=beside[1] if beside else None,
        offers_anyway=said.error is not None and said.error.kind == _UNREADABLE,
    )
