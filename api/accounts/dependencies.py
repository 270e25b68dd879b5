"""Who is behind a request: what routes depend on.

    SignedIn        anybody, with a token of scope read
    Submitting      scope submit           SubmittingForm  the same for a page's upload form (see there)
    Acting          scope staff
    Administering   scope admin, and an administrator
    Browsing        a signed-in browser, no token: for what a token must not do, such as making tokens
    MaybeSignedIn   a signed-in browser or nobody, for pages

A bearer token or the browser's cookie. With the cookie, unsafe methods need the CSRF token as well.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.concurrency import run_in_threadpool

from api.accounts import csrf, sessions, tokens
from api.accounts.actor import Actor, Scope
from api.db.accounts import User
from api.errors import Forbidden, NotAuthenticated
from api.services import Running

_EVERYTHING = frozenset(Scope)
# for the API's description only: what they find is not used
_BEARER = HTTPBearer(auto_error=False, scheme_name="API token", description="tg_...")
_COOKIE = APIKeyCookie(
    name=sessions.COOKIE,
    auto_error=False,
    scheme_name="Browser session",
    description=f"Unsafe methods need the header {csrf.HEADER} as well.",
)


@dataclass(frozen=True)
class Identity:
    """An actor, and what proved who it is: a browser session or an API token."""

    actor: Actor
    session_hash: str | None = None
    token_id: uuid.UUID | None = None

    @property
    def is_browser(self) -> bool:
        """Whether a browser's cookie proved it."""
        return self.session_hash is not None


def identify(
    request: Request,
    running: Running,
    _token: Annotated[object, Security(_BEARER)],
    _cookie: Annotated[object, Security(_COOKIE)],
) -> Identity | None:
    """Who the request comes from, without the CSRF check. A wrong token is an error, not nobody."""
    secret = _bearer(request)
    return _by_cookie(request, running) if secret is None else _by_token(secret, running)


async def maybe_identified(
    request: Request, identity: Annotated[Identity | None, Depends(identify)]
) -> Identity | None:
    """Who the request comes from, or nobody."""
    if identity is not None and identity.is_browser and not csrf.is_safe(request):
        await csrf.require_token(request, identity.actor)
    return identity


async def identified(identity: Annotated[Identity | None, Depends(maybe_identified)]) -> Identity:
    """Who the request comes from. Raises `NotAuthenticated`."""
    return _somebody(identity)


def _needs(scope: Scope) -> Callable[[Identity], Awaitable[Actor]]:
    async def actor(identity: Annotated[Identity, Depends(identified)]) -> Actor:
        return require_scope(identity.actor, scope)

    return actor


async def administering(identity: Annotated[Identity, Depends(identified)]) -> Actor:
    """An administrator. Raises `Forbidden`."""
    if not identity.actor.is_admin:
        raise Forbidden("Only administrators may do this.")
    return require_scope(identity.actor, Scope.ADMIN)


async def browsing(identity: Annotated[Identity, Depends(identified)]) -> Identity:
    """A signed-in browser. Raises `Forbidden` for API tokens."""
    if not identity.is_browser:
        raise Forbidden(
            "This is not possible with an API token. Sign in with a browser, or at POST /session."
        )
    return identity


async def submitting_form(request: Request, identity: Annotated[Identity | None, Depends(identify)]) -> Actor:
    """Whoever sends a page's form with files. Such a body is streamed: its CSRF token is not checked here.

    The route MUST call `csrf.require_match(actor, <the field csrf_token>)` before it does anything.
    """
    found = _somebody(identity)
    csrf.require_same_origin(request)
    return require_scope(found.actor, Scope.SUBMIT)


async def maybe_signed_in(request: Request, running: Running) -> Actor | None:
    """The user of a signed-in browser, or None. For pages: API tokens do not open them."""
    identity = await run_in_threadpool(_by_cookie, request, running)
    if identity is not None and not csrf.is_safe(request):
        await csrf.require_token(request, identity.actor)
    return None if identity is None else identity.actor


def require_scope(actor: Actor, scope: Scope) -> Actor:
    """The actor again. Raises `Forbidden` if its token has not the scope."""
    if not actor.has(scope):
        raise Forbidden(
            f"This API token lacks the scope {scope.value!r}. Make one that has it.",
            kind="missing-scope",
            scope=scope.value,
        )
    return actor


def actor_of(user: User, scopes: frozenset[Scope] = _EVERYTHING, csrf_token: str | None = None) -> Actor:
    """A user as an actor."""
    return Actor(user.id, user.email, user.name, user.is_admin, scopes, csrf_token)


def _bearer(request: Request) -> str | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _by_token(secret: str, running: Running) -> Identity:
    with running.database.read() as session:
        token = tokens.find(session, secret)
    if token is None:
        raise _nobody(
            "This API token is unknown, expired or revoked. Make a new one, or run tensorgrade login."
        )
    tokens.touch(running.database, token)
    known = frozenset(Scope(scope) for scope in token.scopes if scope in _EVERYTHING)
    return Identity(actor_of(token.user, known), token_id=token.id)


def _by_cookie(request: Request, running: Running) -> Identity | None:
    with running.database.read() as session:
        found = sessions.current(session, running.settings, request)
    if found is None:
        return None
    return Identity(actor_of(found.user, csrf_token=found.csrf_token), session_hash=found.token_hash)


def _somebody(identity: Identity | None) -> Identity:
    if identity is None:
        raise _nobody("Sign in first, or send an API token.")
    return identity


def _nobody(detail: str) -> NotAuthenticated:
    return NotAuthenticated(detail, headers={"WWW-Authenticate": "Bearer"})


SignedIn = Annotated[Actor, Depends(_needs(Scope.READ))]
Submitting = Annotated[Actor, Depends(_needs(Scope.SUBMIT))]
SubmittingForm = Annotated[Actor, Depends(submitting_form)]
Acting = Annotated[Actor, Depends(_needs(Scope.STAFF))]
Administering = Annotated[Actor, Depends(administering)]
Identified = Annotated[Identity, Depends(identified)]
Browsing = Annotated[Identity, Depends(browsing)]
MaybeIdentified = Annotated[Identity | None, Depends(maybe_identified)]
MaybeSignedIn = Annotated[Actor | None, Depends(maybe_signed_in)]
