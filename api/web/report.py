"""Page: a report with its pages and marks; staff mark it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.datastructures import FormData

from api.accounts.actor import Actor
from api.courses.access import ReportAccess, report_for, require_staff
from api.courses.models import Ref
from api.db.reports import ReportState
from api.errors import ApiError, Unprocessable
from api.reports import marking, service, view
from api.reports.marking import NewMark
from api.reports.view import MarkIn, ReportDetail
from api.services import Running, Services
from api.web.render import page
from api.web.viewer import Viewer
from grader.assignment import RubricItem

router = APIRouter()
_API = "/api/v1/reports"


@dataclass(frozen=True)
class PagePicture:
    """A page, in pixels: browsers leave the room for it before it is there."""

    url: str
    width: int
    height: int


@dataclass(frozen=True)
class ReportPage:
    """What `pages/report.html` knows: one report with its pages and marks."""

    assignment_title: str
    assignment_url: str
    time_zone: str
    report: ReportDetail
    file_url: str
    pages: tuple[PagePicture, ...]
    by: str  # whose it is, if not the viewer's
    may_mark: bool
    form_url: str
    events: tuple[view.MarkEvent, ...]  # for staff: every version of every mark
    titles: dict[str, str]
    error: str
    just_saved: bool
    typed: Mapping[str, str]  # what could not be saved, by the name of its field


async def _posted(request: Request) -> FormData:
    return await request.form()


Posted = Annotated[FormData, Depends(_posted)]


@router.get("/reports/{report}")
def show(request: Request, report: Ref, viewer: Viewer, running: Running, saved: bool = False) -> Response:
    """A report with its pages, and its marks as far as they are released."""
    return _report_page(request, running, viewer, report, just_saved=saved)


@router.post("/reports/{report}")
def save_marks(request: Request, report: Ref, viewer: Viewer, running: Running, posted: Posted) -> Response:
    """Staff: save the marks of the form. Either all of them are saved, or none."""
    try:
        with running.database.write() as session:
            access = report_for(session, viewer, report)
            require_staff(access)
            for given in _given(access, posted):
                marking.mark(session, viewer.user_id, access, given)
    except ApiError as error:
        if error.status in (403, 404):
            raise
        return _report_page(request, running, viewer, report, error=error, posted=posted)
    return RedirectResponse(f"/reports/{access.report.id}?saved=true", 303)


def _given(access: ReportAccess, posted: FormData) -> list[NewMark]:
    """The marks of a form. An item without points stays unmarked."""
    return [
        _new_mark(item, posted)
        for item in service.rules_for(access).rubric
        if str(posted.get(f"points.{item.id}", "")).strip()
    ]


def _new_mark(item: RubricItem, posted: FormData) -> NewMark:
    fields = {name: str(posted.get(f"{name}.{item.id}", "")) for name in ("points", "comment", "version")}
    try:
        given = MarkIn.model_validate(
            {
                "points": fields["points"].strip().replace(",", "."),
                "comment": fields["comment"],
                "version": fields["version"] or "0",
            }
        )
    except ValidationError as error:
        raise Unprocessable(
            f"{item.title}: give 0 to {item.points:g} points, and a comment of up to 5000 characters."
        ) from error
    return NewMark(item.id, given.points, given.comment, given.version)


def _report_page(
    request: Request,
    running: Services,
    viewer: Actor,
    reference: str,
    *,
    just_saved: bool = False,
    error: ApiError | None = None,
    posted: Mapping[str, object] | None = None,
) -> Response:
    with running.database.read() as session:
        access = report_for(session, viewer, reference)
        found = view.detail(session, access)
        history = marking.history(session, access.report.id) if access.is_staff else ()
        pictures = tuple(
            PagePicture(f"{_API}/{found.id}/pages/{one.number}", one.width, one.height)
            for one in service.pages(session, found.id)
        )
    assignment = access.assignment
    context = ReportPage(
        assignment_title=assignment.title,
        assignment_url=f"/assignments/{assignment.id}",
        time_zone=access.course.time_zone,
        report=found,
        file_url=f"{_API}/{found.id}/file",
        pages=pictures,
        by="" if found.user.id == viewer.user_id else (found.user.name or found.user.email),
        may_mark=access.is_staff and found.state != ReportState.REFUSED,
        form_url=f"/reports/{found.id}",
        events=tuple(view.MarkEvent.of(mark, by) for mark, by in history)[::-1],
        titles={item.id: item.title for item in found.items},
        error=error.detail if error else "",
        just_saved=just_saved,
        typed={name: text for name, text in (posted or {}).items() if isinstance(text, str)},
    )
    return page(request, "report", context, error=error)
