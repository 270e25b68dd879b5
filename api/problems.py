"""Turns exceptions into answers: problem+json (RFC 9457) for programs, a page for browsers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from api.errors import ApiError, Unavailable

_LOG = logging.getLogger(__name__)
_MOST_ERRORS = 20
MEDIA_TYPE = "application/problem+json"


Page = Callable[[Request, dict[str, Any], dict[str, str]], Response]


def install(app: FastAPI, page: Page | None = None) -> None:
    """Register the handlers; `page` renders a problem for browsers, given the headers to send."""
    app.state.problem_page = page
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(OperationalError, _on_database_away)
    app.add_exception_handler(Exception, _on_bug)


def answer(request: Request, problem: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """A problem in the form that the client prefers."""
    page: Page | None = request.app.state.problem_page
    if page is not None and _wants_page(request):
        return page(request, problem, headers or {})
    return JSONResponse(problem, problem["status"], headers, media_type=MEDIA_TYPE)


def _wants_page(request: Request) -> bool:
    accepts = request.headers.get("accept", "")
    return "text/html" in accepts and not request.url.path.startswith("/api/")


async def _on_api_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return answer(request, error.problem(request.url.path), error.headers)


async def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [_fault(item) for item in error.errors()[:_MOST_ERRORS]]
    listed = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults)
    return answer(request, _problem(request, 422, "Invalid", "invalid", f"Correct {listed}.", errors=faults))


def _fault(item: Any) -> dict[str, str]:
    where = ".".join(str(part) for part in item["loc"][1:]) or str(item["loc"][0])
    return {"field": where[:200], "in": str(item["loc"][0]), "message": str(item["msg"])[:300]}


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    sentences = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not possible at {request.url.path}.",
    }
    detail = sentences.get(error.status_code, str(error.detail))
    kind = status.phrase.lower().replace(" ", "-")
    problem = _problem(request, error.status_code, status.phrase, kind, detail)
    return answer(request, problem, dict(error.headers or {}))


async def _on_database_away(request: Request, error: Exception) -> Response:
    _LOG.warning("The database did not answer: %s", type(error).__name__, exc_info=error)
    away = Unavailable(
        "The database cannot be reached just now. Nothing that was accepted is lost: try again in a moment.",
        headers={"Retry-After": "2"},
    )
    return answer(request, away.problem(request.url.path), away.headers)


async def _on_bug(request: Request, error: Exception) -> Response:
    _LOG.error("A request failed: %s %s", request.method, request.url.path, exc_info=error)
    identifier = getattr(request.state, "request_id", "")
    detail = (
        f"Something of ours failed; nothing that was accepted is lost. Quote the request id {identifier}."
    )
    return answer(
        request, _problem(request, 500, "Internal error", "internal", detail, request_id=identifier)
    )


def _problem(
    request: Request, status: int, title: str, kind: str, detail: str, **members: Any
) -> dict[str, Any]:
    return ApiError(detail, kind=kind, **members).problem(request.url.path) | {
        "status": status,
        "title": title,
    }
