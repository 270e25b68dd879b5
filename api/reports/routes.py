"""HTTP routes: reports, their pages and their marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.accounts.actor import Actor
from api.accounts.dependencies import Acting, SignedIn, Submitting
from api.blobs import BlobStore
from api.courses.access import (
    AssignmentAccess,
    ReportAccess,
    assignment_for,
    report_for,
    require_staff,
)
from api.courses.models import Ref
from api.db.courses import GroupMember
from api.db.reports import Report, ReportPage
from api.errors import NotFound, Unavailable
from api.pagination import Page, Paging
from api.reports import marking, service, view
from api.reports.view import MarkEvent, MarkIn, ReportDetail, ReportItem
from api.services import Running, Services
from api.submissions.form import FILE
from api.submissions.names import attachment
from api.submissions.upload import uploading

router = APIRouter(tags=["reports"])
_CHUNK = 2**18
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FILE],
                    "properties": {FILE: {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
_PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
}
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


@router.post("/assignments/{assignment}/reports", status_code=202, openapi_extra=_FORM)
async def hand_in_report(
    request: Request, response: Response, assignment: Ref, actor: Submitting, running: Running
) -> ReportItem:
    """Hand in the report, a PDF in the part `file`. The last one that can be read counts."""
    access = await run_in_threadpool(_open, running, actor, assignment)
    async with uploading(request, running.blobs, service.caps_for(running, access)) as form:
        accepted = await run_in_threadpool(service.hand_in, running, actor, access, form)
    response.status_code = 202 if accepted.is_new else 200
    api, _, _ = request.url.path.rpartition("/assignments/")
    response.headers["Location"] = f"{api}/reports/{accepted.report.id}"
    return view.item(accepted.report)


@router.get("/assignments/{assignment}/reports")
def list_reports(assignment: Ref, actor: SignedIn, running: Running, page: Paging) -> Page[ReportItem]:
    """One's own and one's group's reports, newest first; for staff everybody's."""
    with running.database.read() as session:
        access = assignment_for(session, actor, assignment)
        query = select(Report).where(Report.assignment_id == access.assignment.id)
        if not access.is_staff:
            groups = select(GroupMember.group_id).where(
                GroupMember.assignment_id == access.assignment.id, GroupMember.user_id == actor.user_id
            )
            query = query.where((Report.user_id == actor.user_id) | Report.group_id.in_(groups))
        if page.after is not None:
            query = query.where(Report.id < page.after)
        found = session.scalars(query.order_by(Report.id.desc()).limit(page.limit + 1)).unique().all()
        items = [view.item(one) for one in found]
    return page.page(items, [one.id for one in found])


@router.get("/reports/{report}")
def read_report(report: Ref, actor: SignedIn, running: Running) -> ReportDetail:
    """How far its pages are, the rubric, and its marks once they are released."""
    with running.database.read() as session:
        return view.detail(session, report_for(session, actor, report))


@router.get("/reports/{report}/file", response_class=Response, responses=_FILE)
def read_report_file(report: Ref, actor: SignedIn, running: Running) -> Response:
    """The PDF as it was handed in, to be saved: browsers do not open it."""
    with running.database.read() as session:
        found = report_for(session, actor, report).report
    headers = {"Content-Disposition": attachment(found.file_name)}
    return _sent(running, found.blob_digest, found.size, "application/octet-stream", headers)


@router.get("/reports/{report}/pages/{number}", response_class=Response, responses=_PNG)
def read_report_page(
    report: Ref, number: Annotated[int, Path(ge=1, le=10_000)], actor: SignedIn, running: Running
) -> Response:
    """The picture of a page, counted from 1."""
    with running.database.read() as session:
        found = report_for(session, actor, report).report
        picture = session.get(ReportPage, (found.id, number))
    if picture is None:
        raise NotFound(f"This report has no page {number}, or it is not drawn yet.")
    return _sent(running, picture.blob_digest, picture.size, "image/png", {})


@router.get("/reports/{report}/marks")
def list_marks(report: Ref, actor: Acting, running: Running) -> list[MarkEvent]:
    """Staff: every version of every mark, the oldest first: who gave what, and when."""
    with running.database.read() as session:
        access = _staffed(session, actor, report)
        return [MarkEvent.of(mark, by) for mark, by in marking.history(session, access.report.id)]


@router.put("/reports/{report}/marks/{item}")
def give_mark(report: Ref, item: Ref, body: MarkIn, actor: Acting, running: Running) -> ReportDetail:
    """Staff: give an item points and a comment, or change them. `version` is that of the mark you saw."""
    given = marking.NewMark(item, body.points, body.comment, body.version)
    with running.database.write() as session:
        access = _staffed(session, actor, report)
        marking.mark(session, actor.user_id, access, given)
        return view.detail(session, access)


def _open(services: Services, actor: Actor, reference: str) -> AssignmentAccess:
    services.limiter.hit("upload", f"user {actor.user_id}")
    with services.database.read() as session:
        return assignment_for(session, actor, reference)


def _staffed(session: Session, actor: Actor, reference: str) -> ReportAccess:
    access = report_for(session, actor, reference)
    require_staff(access)
    return access


def _sent(running: Services, digest: str, size: int, kind: str, headers: dict[str, str]) -> Response:
    if not running.blobs.exists(digest):
        raise Unavailable("The file is not in the store. An operator has to look.", kind="missing")
    always = {
        "Content-Length": str(size),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(_chunks(running.blobs, digest), media_type=kind, headers=always | headers)


def _chunks(blobs: BlobStore, digest: str) -> Iterator[bytes]:
    """Opened with the first piece: a browser that has left by then leaves nothing open."""
    with blobs.open(digest) as content:
        while chunk := content.read(_CHUNK):
            yield chunk
