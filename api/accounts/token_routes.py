"""HTTP routes: API tokens."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from fastapi import APIRouter, Request, Response, status

from api.accounts import signing_in, tokens
from api.accounts.actor import Scope
from api.accounts.dependencies import Identified, Identity, SignedIn
from api.accounts.views import Login, NewToken, NewTokenView, TokenView
from api.errors import Forbidden
from api.pagination import Page
from api.services import Running, Services

router = APIRouter(tags=["accounts"])


@router.post("/login", status_code=status.HTTP_201_CREATED)
def login(body: Login, request: Request, response: Response, running: Running) -> NewTokenView:
    """Sign in with a program: gives an API token."""
    user = signing_in.by_password(running, request, body.email, body.password)
    running.limiter.hit("token", str(user.id))
    return _make(running, response, user.id, body.name, body.scopes, body.days)


@router.get("/tokens")
def list_tokens(actor: SignedIn, running: Running) -> Page[TokenView]:
    """One's own API tokens that can still be used, newest first."""
    with running.database.read() as session:
        found = tokens.live_of(session, actor.user_id)
    return Page(items=[TokenView.model_validate(token) for token in found])


@router.post("/tokens", status_code=status.HTTP_201_CREATED)
def create_token(
    body: NewToken, request: Request, response: Response, identity: Identified, running: Running
) -> NewTokenView:
    """Make an API token. With a token it takes the password as well, and gives none that may do more."""
    actor = identity.actor
    running.limiter.hit("token", str(actor.user_id))
    if not identity.is_browser:
        _require_not_stronger(identity, body.scopes)
        if body.password is None:
            raise Forbidden("Making a token with a token takes the password as well.", kind="password-needed")
        signing_in.by_password(running, request, actor.email, body.password)
    return _make(running, response, actor.user_id, body.name, body.scopes, body.days)


@router.delete("/tokens/{token_id}", status_code=status.HTTP_204_NO_CONTENT)
def revoke_token(token_id: uuid.UUID, identity: Identified, running: Running) -> None:
    """Revoke an API token of one's own. A token can revoke itself only."""
    actor = identity.actor
    with running.database.write() as session:
        token = tokens.owned(session, actor.user_id, token_id)
        if not identity.is_browser and identity.token_id != token.id:
            raise Forbidden("A token can revoke itself only. Sign in with a browser to revoke others.")
        tokens.revoke(session, token, actor.user_id)


def _require_not_stronger(identity: Identity, scopes: Iterable[Scope]) -> None:
    missing = sorted(set(scopes) - identity.actor.scopes)
    if missing:
        raise Forbidden(
            f"A token cannot make one that may do more than itself: it lacks {', '.join(missing)}.",
            kind="missing-scope",
            scope=missing[0],
        )


def _make(
    running: Services,
    response: Response,
    user_id: uuid.UUID,
    name: str,
    scopes: Iterable[Scope],
    days: float | None,
) -> NewTokenView:
    with running.database.write() as session:
        token, secret = tokens.create(
            session, user_id, name, scopes, days=running.settings.token_days if days is None else days
        )
    response.headers["Cache-Control"] = "no-store"
    return NewTokenView(**TokenView.model_validate(token).model_dump(), token=secret)
