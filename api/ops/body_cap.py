"""No request brings more bytes than its route can want."""

from __future__ import annotations

import re
from contextlib import suppress

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.errors import TooLarge

MOST = 1 << 20
_UPLOADS = re.compile(
    r"(/api/v1/assignments/[^/]+/(submissions|reports)|/assignments/[^/]+(/report)?)/?"
)  # paths that take files


class BodyCap:
    """Refuses longer bodies with 413, as soon as they are too long, whatever Content-Length says.

    Routes that take files have caps of their own (`api.submissions.upload`); for them this one is far out.
    """

    def __init__(self, app: ASGIApp, *, uploads: int) -> None:
        self._app = app
        self._uploads = uploads + MOST

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        most = self._uploads if _UPLOADS.fullmatch(scope["path"]) else MOST
        if _announced(scope) > most:
            await _refuse(scope, receive, send, most)
            return
        body = _Body(receive, send, most)
        with suppress(_TooMuch):
            await self._app(scope, body.receive, body.send)
        if body.is_too_long:
            await _refuse(scope, receive, send, most)


class _TooMuch(Exception):
    """Ends whatever was reading."""


class _Body:
    """Counts what comes in; once it is too much, what the route answers is dropped."""

    def __init__(self, receive: Receive, send: Send, most: int) -> None:
        self._receive, self._send, self._left = receive, send, most
        self._has_answered = False

    @property
    def is_too_long(self) -> bool:
        """Whether a refusal is what the client has to get."""
        return self._left < 0 and not self._has_answered

    async def receive(self) -> Message:
        """The next piece."""
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _TooMuch
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on, unless it is about a body that was cut off."""
        if self.is_too_long:
            return
        self._has_answered = True
        await self._send(message)


def _announced(scope: Scope) -> int:
    given = Headers(scope=scope).get("content-length", "")
    return int(given) if given.isascii() and given.isdigit() else 0


async def _refuse(scope: Scope, receive: Receive, send: Send, most: int) -> None:
    request = Request(scope, receive)
    error = TooLarge(f"Send at most {most:,} bytes here.", most=most, headers={"Connection": "close"})
    response = problems.answer(request, error.problem(request.url.path), error.headers)
    await response(scope, receive, send)
