"""Errors that the service answers with, as RFC 9457 problem details.

    ApiError
    |-- BadRequest 400      |-- NotAuthenticated 401   |-- Forbidden 403     |-- NotFound 404
    |-- MethodNotAllowed 405 |-- Conflict 409          |-- TooLarge 413      |-- Unsupported 415
    |-- Unprocessable 422   |-- TooManyRequests 429    `-- Unavailable 503

`detail` is a sentence that tells the reader what to do. What is not on the tree is a 500 and a bug of ours.
"""

from __future__ import annotations

from typing import Any

from grader.errors import TensorgradeError


class ApiError(TensorgradeError):
    """Base of all of them. `kind` is a stable word for programs; further members go into the answer."""

    status = 500
    title = "Internal error"
    kind = "internal"

    def __init__(
        self, detail: str, *, kind: str | None = None, headers: dict[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.kind = kind or type(self).kind
        self.headers = headers or {}
        self.members = members

    def problem(self, instance: str) -> dict[str, Any]:
        """The answer's body."""
        return {
            "type": f"urn:tensorgrade:problem:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            **self.members,
        }


class BadRequest(ApiError):
    """The request makes no sense."""

    status, title, kind = 400, "Bad request", "bad-request"


class NotAuthenticated(ApiError):
    """Nobody is signed in, or the token is unknown, expired or revoked."""

    status, title, kind = 401, "Not signed in", "not-authenticated"


class Forbidden(ApiError):
    """They may see it, but not do this."""

    status, title, kind = 403, "Not allowed", "forbidden"


class NotFound(ApiError):
    """It does not exist, or they may not know that it does."""

    status, title, kind = 404, "Not found", "not-found"


class MethodNotAllowed(ApiError):
    """Nothing here can be done in this way."""

    status, title, kind = 405, "Method Not Allowed", "method-not-allowed"


class Conflict(ApiError):
    """It does not fit the state of things."""

    status, title, kind = 409, "Conflict", "conflict"


class TooLarge(ApiError):
    """More bytes than are accepted."""

    status, title, kind = 413, "Too large", "too-large"


class Unsupported(ApiError):
    """A kind of file, or of body, that is not accepted."""

    status, title, kind = 415, "Kind of file not accepted", "unsupported"


class Unprocessable(ApiError):
    """Understood, and wrong: `errors` lists the fields."""

    status, title, kind = 422, "Invalid", "invalid"


class TooManyRequests(ApiError):
    """Slow down; Retry-After says for how long."""

    status, title, kind = 429, "Too many requests", "too-many-requests"


class Unavailable(ApiError):
    """Not now: something of ours is not there."""

    status, title, kind = 503, "Unavailable", "unavailable"
