"""Pages: /login/oidc sends the browser to the single sign-on provider, /login/oidc/callback takes it back."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import asdict
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.accounts import sessions
from api.accounts.linking import user_for
from api.accounts.oidc import Attempt, Provider, refused
from api.accounts.secrets import new_secret
from api.accounts.texts import safe_next
from api.errors import ApiError, NotFound
from api.limiter import client_key
from api.services import Running, Services
from api.settings import Settings

router = APIRouter(include_in_schema=False)
_CALLBACK = "/login/oidc/callback"
_COOKIE = "tensorgrade_sign_on"
_COOKIE_SECONDS = 600
Parameter = Annotated[str | None, Query(max_length=4096)]


@router.get("/login/oidc")
def begin(running: Running, next: Parameter = None) -> Response:  # the page's word
    """Off to the provider. What its answer must match stays in a cookie of this browser."""
    settings = running.settings
    attempt = Attempt(new_secret(), new_secret(), new_secret(), settings.url + _CALLBACK)
    response = RedirectResponse(_provider(settings).authorization_url(attempt), 303)
    kept = json.dumps(asdict(attempt) | {"next": safe_next(next)}).encode()
    _set_cookie(response, settings, base64.urlsafe_b64encode(kept).decode().rstrip("="), _COOKIE_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.get(_CALLBACK)
def finish(
    request: Request,
    running: Running,
    code: Parameter = None,
    state: Parameter = None,
    error: Parameter = None,
    iss: Parameter = None,
) -> Response:
    """Back from the provider: signed in, and on to where one wanted to go."""
    client = client_key(request)
    running.limiter.check("login", client)
    try:
        return _finish(request, running, code, state, error, iss)
    except ApiError:
        running.limiter.hit("login", client)
        raise


def _finish(
    request: Request,
    running: Services,
    code: str | None,
    state: str | None,
    error: str | None,
    iss: str | None,
) -> Response:
    settings = running.settings
    provider = _provider(settings)
    attempt, path = _attempt(request, settings)
    if state is None or not hmac.compare_digest(state.encode("utf-8", "replace"), attempt.state.encode()):
        raise refused("this answer does not belong to this browser's sign-in")
    provider.check_issuer(iss)
    if error is not None or not code:
        raise refused("the provider did not sign you in")
    user = user_for(running.database, provider.person(code, attempt))
    response = RedirectResponse(path, 303)
    sessions.sign_in(running.database, settings, request, response, user)
    _set_cookie(response, settings, "", 0)
    response.headers["Cache-Control"] = "no-store"
    return response


def _attempt(request: Request, settings: Settings) -> tuple[Attempt, str]:
    text = request.cookies.get(_cookie_name(settings), "")
    try:
        kept = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        values = {key: kept[key] for key in ("state", "nonce", "verifier")}
        if not all(isinstance(value, str) and len(value) > 20 for value in values.values()):
            raise ValueError("not ours")
        return Attempt(**values, redirect_uri=settings.url + _CALLBACK), safe_next(kept.get("next"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise refused("it took too long, or this browser keeps no cookies") from error


def _set_cookie(response: Response, settings: Settings, value: str, seconds: int) -> None:
    response.set_cookie(
        _cookie_name(settings),
        value,
        max_age=seconds,
        path="/",
        secure=settings.is_secure,
        httponly=True,
        samesite="lax",
    )


def _cookie_name(settings: Settings) -> str:
    return f"__Host-{_COOKIE}" if settings.is_secure else _COOKIE


def _provider(settings: Settings) -> Provider:
    if not settings.oidc_issuer:
        raise NotFound("There is no single sign-on here. Sign in with a password.")
    secret = settings.oidc_client_secret.get_secret_value()
    return _known(settings.oidc_issuer, settings.oidc_client_id, secret)


@lru_cache(maxsize=8)
def _known(issuer: str, client_id: str, client_secret: str) -> Provider:
    """One for the process: it remembers the provider's description and keys."""
    return Provider(issuer, client_id, client_secret)
