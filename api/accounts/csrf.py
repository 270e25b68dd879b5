"""Keeps other sites from acting through a signed-in browser."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from fastapi import Request

from api.accounts.actor import Actor
from api.errors import Forbidden
from api.settings import Settings

HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_safe(request: Request) -> bool:
    """Whether the request's method changes nothing."""
    return request.method in _SAFE


async def require_token(request: Request, actor: Actor) -> None:
    """The header, or the field of a plain form, must have the browser session's token.

    Forms with files are not read here: uploads are streamed (see `dependencies.SubmittingForm`).
    Raises `Forbidden`.
    """
    given = request.headers.get(HEADER)
    if given is None and _is_plain_form(request):
        field = (await request.form()).get(FIELD)
        given = field if isinstance(field, str) else None
    require_match(actor, given)


def require_match(actor: Actor, given: str | None) -> None:
    """For routes that read the field `csrf_token` themselves. API tokens need none. Raises `Forbidden`."""
    if actor.csrf_token is None:
        return
    if given is None or not hmac.compare_digest(given.encode("utf-8", "replace"), actor.csrf_token.encode()):
        raise Forbidden(
            f"This page is too old, or the request did not come from it: reload it and try again. "
            f"(Programs send {HEADER}, or use an API token.)",
            kind="csrf",
        )


def require_same_origin(request: Request) -> None:
    """What a browser sends from another site's page is refused; there need not be anybody signed in.

    Every browser says where a POST comes from, in Sec-Fetch-Site or Origin. Programs say nothing and may
    pass.
    Raises `Forbidden`.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_ours = site in ("same-origin", "none")
    else:
        origin = request.headers.get("origin")
        is_ours = origin is None or _is_our_origin(request, origin)
    if not is_ours:
        raise Forbidden("This request comes from another site. Use the service's own page.", kind="csrf")


def _is_our_origin(request: Request, origin: str) -> bool:
    settings: Settings = request.app.state.services.settings
    if origin == settings.url:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:  # no browser's
        return False
    return parts.scheme in ("http", "https") and parts.netloc == request.headers.get("host")


def _is_plain_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/x-www-form-urlencoded"
