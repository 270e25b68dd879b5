"""Only methods that HTTP has: anything else would be a label of its own in the metrics, for ever."""

from __future__ import annotations

from http import HTTPMethod

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.errors import MethodNotAllowed

_KNOWN = frozenset(HTTPMethod)


class KnownMethods:
    """Refuses made-up methods with 405."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["method"] in _KNOWN:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        error = MethodNotAllowed("There is no such method.", headers={"Connection": "close"})
        response = problems.answer(request, error.problem(request.url.path), error.headers)
        await response(scope, receive, send)
