"""The id of a request, its line in the log, and the answer where our own code failed."""

from __future__ import annotations

import logging
import re
import time
import uuid

from fastapi import FastAPI, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.ops import logs

HEADER = "X-Request-ID"
_LOG = logging.getLogger("api.access")
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")
_ROUTINE = ("/healthz", "/readyz", "/metrics", "/static/")  # asked for all the time: logged on DEBUG only


class RequestLog:
    """Names every request, says so in the answer, and logs it when it is done."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = _identifier(scope)
        scope.setdefault("state", {})["request_id"] = identifier
        answer = _Answer(send, identifier)
        began = time.perf_counter()
        with logs.bind(request_id=identifier):
            try:
                await self._app(scope, receive, answer)
            except Exception as error:
                await _apologise(scope, receive, answer, error)
            finally:
                _log(scope, answer.status, time.perf_counter() - began)


class _Answer:
    """Passes an answer on, with the request's id, and remembers its status."""

    def __init__(self, send: Send, identifier: str) -> None:
        self._send, self._identifier = send, identifier
        self.status = 0  # nothing was sent yet

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)[HEADER] = self._identifier
        await self._send(message)


async def _apologise(scope: Scope, receive: Receive, answer: _Answer, error: Exception) -> None:
    """Answer with the app's own handler here, so that a 500 has its headers too."""
    app: FastAPI = scope["app"]
    handler = app.exception_handlers.get(Exception)
    if answer.status or handler is None:
        raise error
    request = Request(scope, receive)
    response = await handler(request, error)  # type: ignore[misc]  # ours is async: `api.problems`
    await response(scope, receive, answer)


def _identifier(scope: Scope) -> str:
    given = Headers(scope=scope).get(HEADER, "")
    return given if _ACCEPTED.fullmatch(given) else uuid.uuid4().hex


def _log(scope: Scope, status: int, seconds: float) -> None:
    path, method = scope["path"], scope["method"]
    level = logging.DEBUG if path.startswith(_ROUTINE) else logging.INFO
    milliseconds = round(seconds * 1000, 1)
    fields = {"method": method, "path": path, "status": status, "duration_ms": milliseconds}
    _LOG.log(level, "%s %s %s in %s ms", method, path, status or "no answer", milliseconds, extra=fields)
