"""Pages: sign in, sign out."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.accounts import csrf, sessions, signing_in
from api.accounts.texts import safe_next
from api.errors import ApiError
from api.services import Running, Services
from api.web.render import page
from api.web.viewer import Field, MaybeViewer

router = APIRouter()


@dataclass(frozen=True)
class LoginPage:
    """What `pages/login.html` knows."""

    email: str
    next: str  # where to go afterwards
    error: str
    single_sign_on: str  # the name of the button; empty: passwords only


@router.get("/login")
def ask(request: Request, viewer: MaybeViewer, running: Running, next: str = "/") -> Response:
    """The form."""
    if viewer is not None:
        return RedirectResponse(safe_next(next), 303)
    return _form(request, running, "", next)


@router.post("/login", dependencies=[Depends(csrf.require_same_origin)])
def sign_in(
    request: Request,
    running: Running,
    email: Field = "",
    password: Field = "",
    next: Field = "/",
) -> Response:
    """Begin a session and go on to where they wanted to be."""
    try:
        user = signing_in.by_password(running, request, email[:300], password[:256])
    except ApiError as error:
        return _form(request, running, email, next, error)
    response = RedirectResponse(safe_next(next), 303)
    sessions.sign_in(running.database, running.settings, request, response, user)
    return response


@router.post("/logout")
def sign_out(request: Request, _viewer: MaybeViewer, running: Running) -> Response:
    """End the session."""
    response = RedirectResponse("/login", 303)
    sessions.sign_out(running.database, running.settings, request, response)
    return response


def _form(
    request: Request, running: Services, email: str, after: str, error: ApiError | None = None
) -> Response:
    settings = running.settings
    context = LoginPage(
        email=email[:300],
        next=safe_next(after),
        error=error.detail if error else "",
        single_sign_on=settings.oidc_name if settings.oidc_issuer else "",
    )
    return page(request, "login", context, error=error)
