"""Every route of the service, who may use it, and what to send it.

A new route has to be put into `ROUTES`: the tests of this folder then try it as everybody.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx2 import Response
from pdf_files import pdf
from starlette.testclient import TestClient
from world import World


class Level(IntEnum):
    """Who may use a route, at least."""

    PUBLIC = 0
    SIGNED_IN = 1  # anybody with an account, about themselves
    PERSONAL = 2  # only alice, whose object it is
    OWNER = 3  # alice, whose object it is, and the course's staff
    SELF = 4  # bob, whom the path names, and the course's staff
    MEMBER = 5  # everybody in the course
    STAFF = 6
    INSTRUCTOR = 7
    ADMIN = 8


_STAFF = (Level.SIGNED_IN, Level.OWNER, Level.SELF, Level.MEMBER, Level.STAFF)
REACHES = {  # who of the world reaches which level in dl101
    "alice": (Level.SIGNED_IN, Level.PERSONAL, Level.OWNER, Level.MEMBER),
    "bob": (Level.SIGNED_IN, Level.SELF, Level.MEMBER),
    "ta": _STAFF,
    "instructor": (*_STAFF, Level.INSTRUCTOR),
    "admin": (*_STAFF, Level.INSTRUCTOR, Level.ADMIN),
}
OUTSIDERS = ("carol", "oscar")  # a student and an instructor of another course

_BY_LEVEL = {
    Level.PUBLIC: """
        GET /healthz
        GET /readyz
        GET /metrics
        GET /login
        POST /login
        GET /login/oidc
        GET /login/oidc/callback
        GET /invitations/{token}
        POST /invitations/{token}
        GET /api/v1/openapi.json
        POST /api/v1/session
        POST /api/v1/login
        POST /api/v1/invitations/{token}/accept
    """,
    Level.SIGNED_IN: """
        GET /
        POST /logout
        GET /tokens
        POST /tokens
        DELETE /api/v1/session
        GET /api/v1/me
        PATCH /api/v1/me
        GET /api/v1/tokens
        POST /api/v1/tokens
        GET /api/v1/courses
    """,
    Level.PERSONAL: """
        POST /tokens/{token_id}/revoke
        DELETE /api/v1/tokens/{token_id}
    """,
    Level.OWNER: """
        GET /submissions/{submission}
        GET /api/v1/submissions/{submission}
        GET /api/v1/submissions/{submission}/score
        GET /api/v1/submissions/{submission}/results.json
        GET /api/v1/submissions/{submission}/file
        GET /api/v1/submissions/{submission}/events
        POST /api/v1/submissions/{submission}/choose
        GET /reports/{report}
        GET /api/v1/reports/{report}
        GET /api/v1/reports/{report}/file
        GET /api/v1/reports/{report}/pages/{number}
    """,
    Level.SELF: """
        GET /api/v1/assignments/{assignment}/extensions/{user}
        PUT /api/v1/groups/{group}/members/{user}
        DELETE /api/v1/groups/{group}/members/{user}
    """,
    Level.MEMBER: """
        GET /assignments/{assignment}
        POST /assignments/{assignment}
        GET /api/v1/courses/{course}
        GET /api/v1/courses/{course}/assignments
        GET /api/v1/assignments/{assignment}
        GET /api/v1/assignments/{assignment}/groups
        POST /api/v1/assignments/{assignment}/groups
        GET /api/v1/assignments/{assignment}/standing
        GET /api/v1/assignments/{assignment}/submissions
        POST /api/v1/assignments/{assignment}/submissions
        GET /assignments/{assignment}/answers
        POST /assignments/{assignment}/answers
        GET /assignments/{assignment}/report
        POST /assignments/{assignment}/report
        GET /api/v1/assignments/{assignment}/questions
        GET /api/v1/assignments/{assignment}/answers/draft
        PUT /api/v1/assignments/{assignment}/answers/draft
        POST /api/v1/assignments/{assignment}/answers
        GET /api/v1/assignments/{assignment}/reports
        POST /api/v1/assignments/{assignment}/reports
    """,
    Level.STAFF: """
        GET /api/v1/specs
        GET /api/v1/queue
        GET /api/v1/courses/{course}/members
        GET /api/v1/assignments/{assignment}/versions
        GET /api/v1/assignments/{assignment}/extensions
        PUT /api/v1/assignments/{assignment}/extensions/{user}
        DELETE /api/v1/assignments/{assignment}/extensions/{user}
        GET /api/v1/assignments/{assignment}/gradebook
        GET /api/v1/assignments/{assignment}/gradebook.csv
        POST /api/v1/submissions/{submission}/regrade
        GET /assignments/{assignment}/reports
        POST /reports/{report}
        GET /api/v1/reports/{report}/marks
        PUT /api/v1/reports/{report}/marks/{item}
    """,
    Level.INSTRUCTOR: """
        PATCH /api/v1/courses/{course}
        GET /api/v1/courses/{course}/audit
        POST /api/v1/courses/{course}/members
        PATCH /api/v1/courses/{course}/members/{user}
        DELETE /api/v1/courses/{course}/members/{user}
        POST /api/v1/courses/{course}/roster
        POST /api/v1/courses/{course}/assignments
        GET /api/v1/courses/{course}/invitations
        POST /api/v1/courses/{course}/invitations
        DELETE /api/v1/courses/{course}/invitations/{invitation_id}
        PATCH /api/v1/assignments/{assignment}
        POST /api/v1/assignments/{assignment}/versions/{version}/use
        GET /api/v1/queue/dead
        POST /api/v1/queue/dead/{job}/retry
    """,
    Level.ADMIN: """
        POST /api/v1/courses
        GET /api/v1/users
        POST /api/v1/users
        PATCH /api/v1/users/{user_id}
    """,
}
ROUTES = {
    line.strip(): level for level, lines in _BY_LEVEL.items() for line in lines.split("\n") if line.strip()
}

# With a browser's session only: no token may do these.
BROWSER_ONLY = {
    "DELETE /api/v1/session",
    "PATCH /api/v1/me",
    "POST /api/v1/tokens",  # by a token with the password only
    "DELETE /api/v1/tokens/{token_id}",  # by a token itself only
    "GET /",
    "POST /logout",
    "GET /tokens",
    "POST /tokens",
    "POST /tokens/{token_id}/revoke",
    "GET /assignments/{assignment}",
    "POST /assignments/{assignment}",
    "GET /submissions/{submission}",
    "GET /assignments/{assignment}/answers",
    "POST /assignments/{assignment}/answers",
    "GET /assignments/{assignment}/report",
    "POST /assignments/{assignment}/report",
    "GET /assignments/{assignment}/reports",
    "GET /reports/{report}",
    "POST /reports/{report}",
}

_FILE = {"files": {"file": ("conv.py", b"x = 1\n")}}
_PDF = {"files": {"file": ("report.pdf", pdf())}}
BODIES: dict[str, dict[str, Any]] = {  # what cannot be made from the OpenAPI description
    "POST /api/v1/assignments/{assignment}/submissions": _FILE,
    "POST /assignments/{assignment}": _FILE,
    "POST /api/v1/courses/{course}/roster": {
        "content": b"email,name\nnew@example.edu,New\n",
        "headers": {"Content-Type": "text/csv"},
    },
    "POST /api/v1/courses/{course}/assignments": {"json": {"spec": "vu_dl_a3", "slug": "again"}},
    "POST /api/v1/courses/{course}/members": {"json": {"email": "new@example.edu"}},
    "POST /api/v1/users": {"json": {"email": "new@example.edu"}},
    "PUT /api/v1/assignments/{assignment}/extensions/{user}": {"json": {"extra_submissions": 1}},
    "PUT /api/v1/assignments/{assignment}/answers/draft": {"json": {"answers": {"size": "2x3"}}},
    "POST /assignments/{assignment}/answers": {"data": {"action": "save", "q.size": "2x3"}},
    "POST /api/v1/assignments/{assignment}/reports": _PDF,
    "POST /assignments/{assignment}/report": _PDF,
    "POST /reports/{report}": {"data": {"points.figures": "3"}},
    "POST /tokens": {"data": {"name": "new", "scopes": "read"}},
}


@dataclass(frozen=True)
class Operation:
    """One method of one route."""

    method: str
    path: str

    @classmethod
    def of(cls, name: str) -> Operation:
        """From "GET /path"."""
        return cls(*name.split(" ", 1))

    @property
    def is_unsafe(self) -> bool:
        """Whether it changes something."""
        return self.method not in ("GET", "HEAD", "OPTIONS")

    @property
    def is_page(self) -> bool:
        """For browsers: instead of 401 it leads to the sign-in page."""
        return not self.path.startswith("/api/")

    @property
    def parameters(self) -> list[str]:
        """The names in its path."""
        return re.findall(r"{(\w+)(?::\w+)?}", self.path)

    def at(self, ids: Mapping[str, object]) -> str:
        """Its address for these objects."""
        return re.sub(r"{(\w+)(?::\w+)?}", lambda match: str(ids[match[1]]), self.path)


@dataclass(frozen=True)
class Asker:
    """Sends a valid request to an operation."""

    client: TestClient
    openapi: dict[str, Any]

    def __call__(
        self, name: str, ids: Mapping[str, object], headers: dict[str, str] | None = None
    ) -> Response:
        """The answer."""
        operation = Operation.of(name)
        arguments = body_for(operation, self.openapi)
        accept = {"Accept": "text/html"} if operation.is_page else {}
        if operation.is_page and operation.is_unsafe and headers:  # forms say it in a field
            csrf = {"csrf_token": headers.get("X-CSRF-Token", "")}
            arguments = {**arguments, "data": {**csrf, **arguments.get("data", {})}}
        sent = {**arguments, "headers": {**accept, **arguments.get("headers", {}), **(headers or {})}}
        self.client.cookies.clear()
        return self.client.request(operation.method, operation.at(ids), **sent)

    def as_user(self, name: str, ids: Mapping[str, object], world: World, who: str) -> Response:
        """As somebody's program, or as their browser where only that may."""
        return self(name, ids, world.browser(who) if name in BROWSER_ONLY else world.token(who))


def operations(app: FastAPI) -> Iterator[str]:
    """What the application serves, as "GET /path". HEAD goes with GET."""
    for route in iter_route_contexts(app.routes):
        for method in sorted(route.methods or ()):
            if method != "HEAD":
                yield f"{method} {route.path}"


def body_for(operation: Operation, openapi: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments for the client: a valid body, if the operation takes one."""
    name = f"{operation.method} {operation.path}"
    if name in BODIES:
        return BODIES[name]
    described = openapi["paths"].get(operation.path, {}).get(operation.method.lower(), {})
    content = described.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        return {"json": _example(content["application/json"]["schema"], openapi)}
    if content:
        kind, media = next(iter(content.items()))
        example = _example(media["schema"], openapi)
        return (
            {"data": example}
            if isinstance(example, dict)
            else {"content": example, "headers": {"Content-Type": kind}}
        )
    return {}


def _example(schema: dict[str, Any], openapi: dict[str, Any]) -> Any:
    """The smallest valid value, with one optional field where all are optional: nobody patches nothing."""
    if "$ref" in schema:
        target: Any = openapi
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _example(target, openapi)
    chosen = next((schema[key] for key in ("anyOf", "oneOf", "allOf") if key in schema), None)
    if chosen is not None:
        return _example(chosen[0], openapi)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        wanted = schema.get("required") or list(properties)[:1]
        return {name: _example(properties[name], openapi) for name in wanted}
    if schema.get("type") == "array":
        return [_example(schema["items"], openapi)] * schema.get("minItems", 1)
    return _scalar(schema)


def _scalar(schema: dict[str, Any]) -> Any:
    formats = {
        "uuid": str(uuid.UUID(int=7)),
        "email": "new@example.edu",
        "date-time": "2027-01-01T00:00:00Z",
        "binary": b"x",
    }
    if schema.get("format") in formats:
        return formats[schema["format"]]
    kinds = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1.0), "boolean": True}
    if schema.get("type") in kinds:
        return kinds[schema["type"]]
    return "x" * max(1, schema.get("minLength", 1))
