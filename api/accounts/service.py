"""Accounts: making them, signing in, changing them. For the routes, the pages and the command line.

Everything that hashes a password takes the database, not a session: hashing is slow, transactions are short.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api import audit
from api.accounts import passwords, sessions, tokens
from api.accounts.texts import normal_email, plain
from api.db.accounts import User
from api.db.base import new_id
from api.db.engine import Database
from api.errors import Conflict, Forbidden, NotFound, Unprocessable


def find_user(session: Session, email: str) -> User | None:
    """The user with this address, in whatever case it is written."""
    try:
        return session.scalar(select(User).where(User.email == normal_email(email)))
    except ValueError:
        return None


def create_user(
    database: Database,
    email: str,
    *,
    name: str = "",
    password: str | None = None,
    is_admin: bool = False,
    actor_id: uuid.UUID | None = None,
) -> User:
    """A new account. `actor_id` is who makes it. Raises `Unprocessable`; `Conflict` if there is one."""
    address, shown = checked_email(email), checked_name(name)
    hashed = None if password is None else _hashed(password, address)
    user = User(id=new_id(), email=address, name=shown, password_hash=hashed, is_admin=is_admin)
    try:
        with database.write() as session:
            session.add(user)
            session.flush()
            audit.record(session, actor_id, "user.create", "user", user.id, email=address, is_admin=is_admin)
    except IntegrityError as error:
        raise Conflict(f"There is an account with the address {address} already.") from error
    return user


def authenticate(database: Database, email: str, password: str) -> User | None:
    """The user with this address and password. It takes as long whether or not there is such an account."""
    with database.read() as session:
        user = find_user(session, email)
    known = user.password_hash if user is not None else None
    if not passwords.verify(known, password) or user is None or not user.is_active:
        return None
    if known is not None and passwords.needs_rehash(known):
        fresh = passwords.hash(password)
        with database.write() as session:  # unless it was changed meanwhile
            same = (User.id == user.id, User.password_hash == known)
            session.execute(update(User).where(*same).values(password_hash=fresh))
    return user


def change_password(
    database: Database, user_id: uuid.UUID, old: str, new: str, *, keep_session: str | None = None
) -> None:
    """Change one's own password; signs out everywhere else, and revokes the API tokens.

    `keep_session` is the token hash of the session that goes on. Raises `Forbidden` if `old` is wrong.
    """
    with database.read() as session:
        user = _get(session, user_id)
    if user.password_hash is None:
        raise Forbidden(
            "This account has no password. Sign in as before, or ask an administrator to set one."
        )
    if not passwords.verify(user.password_hash, old):
        raise Forbidden("The old password is wrong.", kind="wrong-password")
    _set_password(database, user, new, user_id, keep_session)


def set_password(
    database: Database, user_id: uuid.UUID, new: str, *, actor_id: uuid.UUID | None = None
) -> None:
    """Set somebody's password, as an administrator; signs them out everywhere and revokes their tokens."""
    with database.read() as session:
        user = _get(session, user_id)
    _set_password(database, user, new, actor_id, None)


def rename(database: Database, user_id: uuid.UUID, name: str) -> None:
    """Change one's own name."""
    shown = checked_name(name)
    with database.write() as session:
        user = _get(session, user_id)
        audit.record(session, user_id, "user.rename", "user", user_id, old=user.name, new=shown)
        user.name = shown


def set_flags(
    database: Database,
    user_id: uuid.UUID,
    *,
    name: str | None = None,
    is_admin: bool | None = None,
    is_active: bool | None = None,
    actor_id: uuid.UUID | None = None,
) -> User:
    """Change an account as an administrator. Whoever is disabled is signed out and loses their tokens.

    Raises `Conflict` for administrators who would lock themselves out.
    """
    if user_id == actor_id and (is_admin is False or is_active is False):
        raise Conflict("Another administrator has to do that to you.")
    changes: dict[str, Any] = {"is_admin": is_admin, "is_active": is_active}
    if name is not None:
        changes["name"] = checked_name(name)
    changes = {key: value for key, value in changes.items() if value is not None}
    with database.write() as session:
        user = _get(session, user_id)
        for key, value in changes.items():
            setattr(user, key, value)
        if is_active is False:
            lock_out(session, user_id)
        audit.record(session, actor_id, "user.update", "user", user_id, **changes)
    return user


def lock_out(session: Session, user_id: uuid.UUID, *, but: str | None = None) -> None:
    """End all of somebody's browser sessions (except `but`) and revoke all of their tokens."""
    sessions.end_all(session, user_id, but=but)
    tokens.revoke_all(session, user_id)


def _set_password(
    database: Database, user: User, new: str, actor_id: uuid.UUID | None, keep_session: str | None
) -> None:
    hashed = _hashed(new, user.email)
    with database.write() as session:
        session.execute(update(User).where(User.id == user.id).values(password_hash=hashed))
        lock_out(session, user.id, but=keep_session)
        audit.record(session, actor_id, "password.change", "user", user.id)


def _hashed(password: str, email: str) -> str:
    passwords.check_strength(password, email=email)
    return passwords.hash(password)


def checked_email(email: str) -> str:
    """The address as it is kept. Raises `Unprocessable`."""
    try:
        return normal_email(email)
    except ValueError as error:
        raise Unprocessable(str(error), kind="bad-email") from error


def checked_name(name: str) -> str:
    """A name as it is kept. Raises `Unprocessable`."""
    try:
        return plain(name)[:200]
    except ValueError as error:
        raise Unprocessable(str(error), kind="bad-name") from error


def _get(session: Session, user_id: uuid.UUID) -> User:
    user = session.get(User, user_id)
    if user is None:
        raise NotFound(f"There is no user {str(user_id)!r}.")
    return user
