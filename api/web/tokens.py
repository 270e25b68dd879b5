"""Page: one's API tokens."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from api.accounts import tokens
from api.accounts.actor import Actor, Scope
from api.accounts.views import NewToken
from api.db.accounts import ApiToken
from api.db.base import now
from api.errors import ApiError, Forbidden, Unprocessable
from api.services import Running, Services
from api.web.render import page
from api.web.viewer import Field, Viewer

router = APIRouter()
_SCOPES = (
    (Scope.READ, "See my assignments and results"),
    (Scope.SUBMIT, "Hand in as me"),
    (Scope.STAFF, "Act as teaching assistant or instructor, where I am one"),
    (Scope.ADMIN, "Act as administrator"),
)


@dataclass(frozen=True)
class TokensPage:
    """What `pages/tokens.html` knows. `made` is a new token: the only time that it is shown."""

    tokens: tuple[ApiToken, ...]
    scopes: tuple[tuple[Scope, str], ...]
    now: datetime
    service_url: str
    made: str
    error: str


@router.get("/tokens")
def show(request: Request, viewer: Viewer, running: Running) -> Response:
    """The page."""
    return _page(request, running, viewer)


@router.post("/tokens")
def make(
    request: Request,
    viewer: Viewer,
    running: Running,
    name: Field = "",
    scopes: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Make a token, and show it this once."""
    try:
        running.limiter.hit("token", str(viewer.user_id))
        wanted = _checked(viewer, name, scopes)
        with running.database.write() as session:
            _, secret = tokens.create(
                session, viewer.user_id, wanted.name, wanted.scopes, days=running.settings.token_days
            )
    except ApiError as error:
        return _page(request, running, viewer, error=error)
    return _page(request, running, viewer, made=secret)


@router.post("/tokens/{token_id}/revoke")
def revoke(token_id: uuid.UUID, viewer: Viewer, running: Running) -> Response:
    """Revoke a token."""
    with running.database.write() as session:
        tokens.revoke(session, tokens.owned(session, viewer.user_id, token_id), viewer.user_id)
    return RedirectResponse("/tokens", 303)


def _checked(viewer: Actor, name: str, scopes: list[str]) -> NewToken:
    try:
        wanted = NewToken.model_validate({"name": name, "scopes": scopes})
    except ValidationError as error:
        field = error.errors()[0]["loc"][0]
        sentence = "Tick what it may do." if field == "scopes" else "Give it a name of up to 100 characters."
        raise Unprocessable(sentence) from error
    if Scope.ADMIN in wanted.scopes and not viewer.is_admin:
        raise Forbidden("Only administrators can make such a token.")
    return wanted


def _page(
    request: Request, running: Services, viewer: Actor, *, made: str = "", error: ApiError | None = None
) -> Response:
    with running.database.read() as session:
        live = tuple(tokens.live_of(session, viewer.user_id))
    context = TokensPage(
        tokens=live,
        scopes=tuple(one for one in _SCOPES if one[0] is not Scope.ADMIN or viewer.is_admin),
        now=now(),
        service_url=running.settings.url,
        made=made,
        error=error.detail if error else "",
    )
    return page(request, "tokens", context, error=error)
