"""HTTP routes: signing in and out, and one's own account."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response, status

from api.accounts import csrf, service, sessions, signing_in
from api.accounts.dependencies import Browsing, SignedIn
from api.accounts.views import Credentials, MeView, ProfileChange, SessionView, UserView
from api.db.accounts import User
from api.errors import Unprocessable
from api.services import Running

router = APIRouter(tags=["accounts"])


@router.post("/session", dependencies=[Depends(csrf.require_same_origin)])
def sign_in(body: Credentials, request: Request, response: Response, running: Running) -> SessionView:
    """Sign in with a browser: sets the session's cookie."""
    user = signing_in.by_password(running, request, body.email, body.password)
    begun = sessions.sign_in(running.database, running.settings, request, response, user)
    response.headers["Cache-Control"] = "no-store"
    return SessionView(
        user=UserView.model_validate(user), csrf_token=begun.csrf_token, expires_at=begun.expires_at
    )


@router.delete("/session", status_code=status.HTTP_204_NO_CONTENT)
def sign_out(_identity: Browsing, request: Request, response: Response, running: Running) -> None:
    """Sign out: ends the browser's session and takes its cookie away."""
    sessions.sign_out(running.database, running.settings, request, response)


@router.get("/me")
def me(actor: SignedIn) -> MeView:
    """Who one is."""
    return MeView(
        id=actor.user_id,
        email=actor.email,
        name=actor.name,
        is_admin=actor.is_admin,
        scopes=sorted(actor.scopes),
    )


@router.patch("/me")
def change_me(body: ProfileChange, identity: Browsing, running: Running) -> UserView:
    """Change one's name, or one's password: that signs out everywhere else and revokes all API tokens."""
    actor = identity.actor
    if body.password is not None:
        if body.old_password is None:
            raise Unprocessable("Give the old password as well.", kind="old-password-needed")
        running.limiter.hit("login", f"password {actor.user_id}")
        service.change_password(
            running.database,
            actor.user_id,
            body.old_password,
            body.password,
            keep_session=identity.session_hash,
        )
    if body.name is not None:
        service.rename(running.database, actor.user_id, body.name)
    with running.database.read() as session:
        return UserView.model_validate(session.get_one(User, actor.user_id))
