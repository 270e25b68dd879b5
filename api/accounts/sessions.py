"""Signed-in browsers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.accounts.secrets import digest, new_secret
from api.db.accounts import User, WebSession
from api.db.base import now
from api.db.engine import Database
from api.settings import Settings

COOKIE = "tensorgrade_session"


@dataclass(frozen=True)
class NewSession:
    """A session just begun. `secret` goes into the cookie and is known nowhere else."""

    secret: str
    csrf_token: str
    expires_at: datetime


def cookie_name(settings: Settings) -> str:
    """With https, browsers refuse a `__Host-` cookie that a neighbouring host name has planted."""
    return f"__Host-{COOKIE}" if settings.is_secure else COOKIE


def sign_in(
    database: Database, settings: Settings, request: Request, response: Response, user: User
) -> NewSession:
    """Begin a new session and set its cookie. The session that the browser had before, if any, ends."""
    begun = NewSession(new_secret(), new_secret(), now() + settings.session_life)
    with database.write() as session:
        _end(session, request.cookies.get(cookie_name(settings)))
        session.execute(delete(WebSession).where(WebSession.expires_at < now()))
        session.add(
            WebSession(
                token_hash=digest(begun.secret),
                user_id=user.id,
                csrf_token=begun.csrf_token,
                expires_at=begun.expires_at,
            )
        )
    _set_cookie(response, settings, begun.secret, int(settings.session_life.total_seconds()))
    return begun


def sign_out(database: Database, settings: Settings, request: Request, response: Response) -> None:
    """End the browser's session and take its cookie away."""
    with database.write() as session:
        _end(session, request.cookies.get(cookie_name(settings)))
    _set_cookie(response, settings, "", 0)


def current(session: Session, settings: Settings, request: Request) -> WebSession | None:
    """The session that the request's cookie belongs to, unless it is over or its user is disabled."""
    secret = request.cookies.get(cookie_name(settings))
    if not secret:
        return None
    query = select(WebSession).where(WebSession.token_hash == digest(secret), WebSession.expires_at > now())
    found = session.scalar(query)
    return found if found is not None and found.user.is_active else None


def end_all(session: Session, user_id: uuid.UUID, *, but: str | None = None) -> None:
    """Sign a user out everywhere, except in the session with the token hash `but`."""
    doomed = delete(WebSession).where(WebSession.user_id == user_id)
    session.execute(doomed if but is None else doomed.where(WebSession.token_hash != but))


def _end(session: Session, secret: str | None) -> None:
    if secret:
        session.execute(delete(WebSession).where(WebSession.token_hash == digest(secret)))


def _set_cookie(response: Response, settings: Settings, value: str, seconds: int) -> None:
    response.set_cookie(
        cookie_name(settings),
        value,
        max_age=seconds,
        path="/",
        secure=settings.is_secure,
        httponly=True,
        samesite="lax",
    )
