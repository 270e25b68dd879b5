"""HTTP routes: questions, drafts of answers, and handing them in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from api.accounts.dependencies import SignedIn, Submitting
from api.answers import service
from api.answers.models import DraftIn, DraftOut, SheetOut
from api.answers.service import Draft
from api.courses.access import assignment_for
from api.courses.models import Ref
from api.services import Running
from api.submissions.upload_routes import open_assignment, receipt
from api.submissions.view import SubmissionDetail

router = APIRouter(tags=["answers"])


@router.get("/assignments/{assignment}/questions")
def read_questions(assignment: Ref, actor: SignedIn, running: Running) -> SheetOut:
    """The questions that are answered in writing."""
    with running.database.read() as session:
        access = assignment_for(session, actor, assignment)
    return SheetOut(questions=service.require_sheet(access).public())


@router.get("/assignments/{assignment}/answers/draft")
def read_draft(assignment: Ref, actor: SignedIn, running: Running) -> DraftOut:
    """One's own draft, and what of it cannot be read."""
    with running.database.read() as session:
        return _told(service.find(session, actor, assignment_for(session, actor, assignment)))


@router.put("/assignments/{assignment}/answers/draft")
def save_draft(assignment: Ref, body: DraftIn, actor: Submitting, running: Running) -> DraftOut:
    """Keep a draft in the place of the one before. It counts for nothing before it is handed in."""
    with running.database.write() as session:
        access = assignment_for(session, actor, assignment)
        return _told(service.save(session, actor, access, body.answers))


@router.post("/assignments/{assignment}/answers", status_code=202)
def hand_in_answers(
    request: Request,
    response: Response,
    assignment: Ref,
    actor: Submitting,
    running: Running,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    despite_problems: Annotated[bool, Query(description="Also where answers cannot be read.")] = False,
) -> SubmissionDetail:
    """Hand the draft in, with the files that were handed in last. It is a submission as any other."""
    access = open_assignment(running, actor, assignment)
    accepted = service.hand_in(running, actor, access, idempotency_key, despite_problems=despite_problems)
    response.status_code = 202 if accepted.is_new else 200
    api, _, _ = request.url.path.rpartition("/assignments/")
    response.headers["Location"] = f"{api}/submissions/{accepted.submission.id}"
    return receipt(accepted, access, actor)


def _told(draft: Draft) -> DraftOut:
    return DraftOut(
        answers=dict(draft.answers),
        saved_at=draft.saved_at,
        problems=list(draft.problems),
        missing=list(draft.missing),
    )
