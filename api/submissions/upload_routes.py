"""HTTP routes that make submissions and gradings."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from api.accounts.actor import Actor
from api.accounts.dependencies import Acting, Submitting
from api.courses.access import AssignmentAccess, assignment_for, require_staff, submission_for
from api.services import Running, Services
from api.submissions import service, view
from api.submissions.form import FILE
from api.submissions.service import Accepted
from api.submissions.upload import uploading
from api.submissions.view import GradingInfo, SubmissionDetail, UserRef

router = APIRouter()
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FILE],
                    "properties": {
                        FILE: {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "minItems": 1,
                        }
                    },
                }
            }
        },
    }
}


@router.post(
    "/assignments/{assignment}/submissions",
    status_code=202,
    openapi_extra=_FORM,
    responses={
        200: {"model": SubmissionDetail, "description": "Accepted before, with this Idempotency-Key."}
    },
)
async def submit(
    request: Request,
    response: Response,
    assignment: str,
    actor: Submitting,
    running: Running,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> SubmissionDetail:
    """Hand in a file, or several that belong together. Then poll Location, or listen to its events."""
    access = await run_in_threadpool(open_assignment, running, actor, assignment)
    async with uploading(request, running.blobs, service.caps_for(running, access)) as form:
        accepted = await run_in_threadpool(service.hand_in, running, actor, access, form, idempotency_key)
    response.status_code = 202 if accepted.is_new else 200
    api, _, _ = request.url.path.rpartition("/assignments/")
    response.headers["Location"] = f"{api}/submissions/{accepted.submission.id}"
    return receipt(accepted, access, actor)


@router.post("/submissions/{submission}/regrade", status_code=202)
def regrade(submission: str, actor: Acting, running: Running, fresh_seed: bool = False) -> GradingInfo:
    """Grade it once more (staff). The score stays until the new one is there."""
    with running.database.read() as session:
        access = submission_for(session, actor, submission)
        require_staff(access)
    return view.grading_info(service.regrade(running, actor, access, fresh_seed=fresh_seed))


def open_assignment(services: Services, actor: Actor, reference: str) -> AssignmentAccess:
    """The assignment that somebody wants to hand something in for, who may do so now and not more often."""
    services.limiter.hit("upload", f"user {actor.user_id}")
    with services.database.read() as session:
        return assignment_for(session, actor, reference)


def receipt(accepted: Accepted, access: AssignmentAccess, actor: Actor) -> SubmissionDetail:
    """What is known of an upload at once, without asking the database again."""
    line = view.item(
        accepted.submission,
        access.assignment,
        UserRef(id=actor.user_id, name=actor.name, email=actor.email),
        (None, None),
        shows_results=False,
    )
    return SubmissionDetail(
        **dict(line),
        sha256=accepted.submission.blob_digest,
        grading=view.grading_info(accepted.grading) if accepted.grading else None,
        warnings=accepted.warnings,
    )
