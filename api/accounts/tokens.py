"""API tokens: what scripts and the command line sign in with."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api import audit
from api.accounts.actor import Scope
from api.accounts.secrets import digest, new_secret
from api.db.accounts import ApiToken
from api.db.base import now
from api.db.engine import Database
from api.errors import Conflict, NotFound

_LOG = logging.getLogger(__name__)
PREFIX = "tg_"
_SHOWN = 10  # characters of a token that its owner may see later
MOST = 50  # live tokens of one user
_TOUCH = timedelta(minutes=1)


def create(
    session: Session, user_id: uuid.UUID, name: str, scopes: Iterable[Scope], *, days: float
) -> tuple[ApiToken, str]:
    """A new token: its row, and the secret, which is shown once. Raises `Conflict` if there are too many."""
    live = select(func.count()).where(ApiToken.user_id == user_id, *_is_live())
    if (session.scalar(live) or 0) >= MOST:
        raise Conflict(f"There are {MOST} tokens already: revoke one that is not in use.")
    secret = PREFIX + new_secret()
    token = ApiToken(
        user_id=user_id,
        name=name,
        prefix=secret[:_SHOWN],
        token_hash=digest(secret),
        scopes=sorted(set(scopes)),
        expires_at=now() + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    audit.record(session, user_id, "token.create", "token", token.id, name=name, scopes=token.scopes)
    return token, secret


def find(session: Session, secret: str) -> ApiToken | None:
    """The live token with this secret, unless its user is disabled."""
    if not secret.startswith(PREFIX):
        return None
    token = session.scalar(select(ApiToken).where(ApiToken.token_hash == digest(secret), *_is_live()))
    return token if token is not None and token.user.is_active else None


def owned(session: Session, user_id: uuid.UUID, token_id: uuid.UUID) -> ApiToken:
    """A live token of this user. Raises `NotFound`."""
    query = select(ApiToken).where(ApiToken.id == token_id, ApiToken.user_id == user_id, *_is_live())
    token = session.scalar(query)
    if token is None:
        raise NotFound(f"You have no token {str(token_id)!r}.")
    return token


def revoke(session: Session, token: ApiToken, actor_id: uuid.UUID) -> None:
    """From now on it opens nothing."""
    token.revoked_at = now()
    audit.record(session, actor_id, "token.revoke", "token", token.id, name=token.name)


def revoke_all(session: Session, user_id: uuid.UUID) -> None:
    """All of a user's."""
    session.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now())
    )


def touch(database: Database, token: ApiToken) -> None:
    """Note that it was used, at most once a minute. A database that is too busy for that is no error."""
    before = now() - _TOUCH
    if token.last_used_at is not None and token.last_used_at > before:
        return
    is_due = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= before)
    try:
        with database.write() as session:
            session.execute(
                update(ApiToken).where(ApiToken.id == token.id, is_due).values(last_used_at=now())
            )
    except OperationalError:
        _LOG.warning("The use of a token was not noted: the database was busy.")


def live_of(session: Session, user_id: uuid.UUID) -> list[ApiToken]:
    """A user's live tokens, newest first; at most `MOST`."""
    query = select(ApiToken).where(ApiToken.user_id == user_id, *_is_live()).order_by(ApiToken.id.desc())
    return list(session.scalars(query))


def _is_live() -> tuple[ColumnElement[bool], ...]:
    return (ApiToken.revoked_at.is_(None), ApiToken.expires_at > now())
