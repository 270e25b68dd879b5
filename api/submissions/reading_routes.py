"""HTTP routes that show submissions."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from api.accounts.actor import Actor
from api.accounts.dependencies import SignedIn
from api.blobs import MissingBlob
from api.courses.access import SubmissionAccess, assignment_for, submission_for
from api.db.base import now
from api.db.submissions import Grading, State
from api.errors import Conflict, Unavailable
from api.pagination import Page, Paging
from api.services import Running
from api.submissions import reading
from api.submissions.events import Cursor, Watch
from api.submissions.names import attachment
from api.submissions.reading import Filters
from api.submissions.sight import Sight, sight_of
from api.submissions.stream import MEDIA_TYPE, stream
from api.submissions.view import SubmissionDetail, SubmissionItem
from grader.errors import TensorgradeError
from grader.scoring import gradescope
from grader.scoring.model import Score

router = APIRouter()
_CHUNK = 2**18


@router.get("/assignments/{assignment}/submissions")
def list_submissions(
    assignment: str,
    actor: SignedIn,
    running: Running,
    page: Paging,
    user: Annotated[uuid.UUID | None, Query(description="Only of this user.")] = None,
    state: Annotated[State | None, Query(description="Only in this state.")] = None,
) -> Page[SubmissionItem]:
    """One's own and one's group's submissions, newest first; for staff everybody's."""
    with running.database.read() as session:
        access = assignment_for(session, actor, assignment)
        sight = sight_of(session, access, actor.user_id, now())
        lines, ids = reading.listing(session, access, actor, sight, page, Filters(user, state))
    return page.page(lines, ids)


@router.get("/submissions/{submission}")
def read_submission(submission: str, actor: SignedIn, running: Running) -> SubmissionDetail:
    """Where it is, and what there is of its results."""
    with running.database.read() as session:
        access, sight = _seen(session, actor, submission)
        return reading.detail(session, access, sight)


@router.get("/submissions/{submission}/score")
def read_score(submission: str, actor: SignedIn, running: Running) -> Score:
    """The score JSON alone."""
    with running.database.read() as session:
        return _score(session, *_seen(session, actor, submission))


@router.get("/submissions/{submission}/results.json")
def read_gradescope_results(submission: str, actor: SignedIn, running: Running) -> dict[str, Any]:
    """The score in Gradescope's format."""
    with running.database.read() as session:
        access, sight = _seen(session, actor, submission)
        score = _score(session, access, sight)
    if score.withheld:
        raise Conflict("Some results come later; until then only the staff can export all.", kind="withheld")
    try:
        return gradescope.results(score)
    except TensorgradeError as error:
        raise Conflict(str(error), kind="no-score") from error


@router.get(
    "/submissions/{submission}/file",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def read_file(submission: str, actor: SignedIn, running: Running) -> Response:
    """The file as it was handed in."""
    with running.database.read() as session:
        handed = submission_for(session, actor, submission).submission
    try:
        content = running.blobs.open(handed.blob_digest)
    except MissingBlob as error:
        raise Unavailable("The file is not in the store. An operator has to look.", kind="missing") from error
    headers = {
        "Content-Disposition": attachment(handed.file_name),
        "Content-Length": str(handed.size),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(_chunks(content), media_type="application/octet-stream", headers=headers)


@router.get(
    "/submissions/{submission}/events",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {}}}, 204: {"description": "The end was told already."}},
)
def listen(
    submission: str,
    actor: SignedIn,
    running: Running,
    last_event_id: Annotated[str, Header(max_length=200)] = "",
) -> Response:
    """Server-sent events until it is graded: state, position, test, score, end."""
    with running.database.read() as session:
        access, sight = _seen(session, actor, submission)
    watch = Watch(access.submission.id, sight, Cursor.parse(last_event_id))
    return stream(running.database, watch, actor.user_id)


def _seen(session: Session, actor: Actor, submission: str) -> tuple[SubmissionAccess, Sight]:
    access = submission_for(session, actor, submission)
    return access, sight_of(session, access, actor.user_id, now())


def _score(session: Session, access: SubmissionAccess, sight: Sight) -> Score:
    if not sight.shows_results:
        raise Conflict("The results of this assignment are shown later.", kind="withheld")
    grading_id = access.submission.grading_id
    score = reading.score_of(session.get(Grading, grading_id) if grading_id else None, sight)
    if score is None:
        raise Conflict(f"There is no score yet: it is {access.submission.state}.", kind="no-score")
    return score


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    with content:
        while chunk := content.read(_CHUNK):
            yield chunk
