"""Puts the web into the app: its pages, its static files, and its page for everything that goes wrong."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles

from api.web.render import STATIC, STATIC_URL, page
from api.web.routes import router


class _Immutable(StaticFiles):
    """Files whose address changes with their content."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


@dataclass(frozen=True)
class ErrorPage:
    """What `pages/error.html` knows."""

    status: int
    title: str
    detail: str
    faults: tuple[str, ...]
    request_id: str


def install(app: FastAPI) -> None:
    """Add the pages and the static files."""
    app.mount(STATIC_URL, _Immutable(directory=os.fspath(STATIC)), name="static")
    app.include_router(router, include_in_schema=False)


def error_page(request: Request, problem: dict[str, Any], headers: dict[str, str]) -> Response:
    """A problem as a page. Who is not signed in is asked to sign in, and comes back to where they were."""
    if problem["status"] == 401:
        return RedirectResponse(f"/login?next={quote(_here(request))}", 303)
    kept = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    context = ErrorPage(
        status=problem["status"],
        title=problem["title"],
        detail=problem["detail"],
        faults=tuple(f"{fault['field']}: {fault['message']}" for fault in problem.get("errors", ())),
        request_id=str(problem.get("request_id") or getattr(request.state, "request_id", "")),
    )
    return page(request, "error", context, status=problem["status"], headers=kept)


def _here(request: Request) -> str:
    if request.method not in ("GET", "HEAD"):
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return request.url.path + query
