"""Page: an invitation to a course."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.accounts import csrf, sessions
from api.courses import invitations
from api.db.courses import Course, Role
from api.errors import ApiError
from api.limiter import client_key
from api.services import Running, Services
from api.web.home import ROLE_WORDS
from api.web.render import page
from api.web.viewer import Field, MaybeViewer

router = APIRouter()


@dataclass(frozen=True)
class InvitationPage:
    """What `pages/invitation.html` knows."""

    course_name: str
    role: str
    role_words: str
    email: str  # the only one who may use it; empty: whoever is signed in
    makes_account: bool  # whether it can be accepted without an account
    name: str
    error: str


@router.get("/invitations/{token}")
def show(request: Request, token: str, _viewer: MaybeViewer, running: Running) -> Response:
    """The page."""
    return _page(request, running, token)


@router.post("/invitations/{token}", dependencies=[Depends(csrf.require_same_origin)])
def accept(
    request: Request,
    token: str,
    viewer: MaybeViewer,
    running: Running,
    name: Field = "",
    password: Field = "",
) -> Response:
    """Join, as who is signed in or with a new account, which is signed in at once."""
    response = RedirectResponse("/", 303)
    try:
        if viewer is not None:
            invitations.accept(running.database, token, viewer.user_id)
            return response
        running.limiter.hit("login", f"accept {client_key(request)}")
        user, _ = invitations.accept_as_new(running.database, token, name[:200], password[:256])
    except ApiError as error:
        return _page(request, running, token, name, error)
    sessions.sign_in(running.database, running.settings, request, response, user)
    return response


def _page(
    request: Request, running: Services, token: str, name: str = "", error: ApiError | None = None
) -> Response:
    with running.database.read() as session:
        invitation = invitations.find(session, token)
        context = InvitationPage(
            course_name=session.get_one(Course, invitation.course_id).name,
            role=invitation.role,
            role_words=ROLE_WORDS[Role(invitation.role)],
            email=invitation.email or "",
            makes_account=invitations.makes_account(session, invitation),
            name=name[:200],
            error=error.detail if error else "",
        )
    return page(request, "invitation", context, error=error)
