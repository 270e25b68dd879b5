"""Whose account it is that single sign-on leads to."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api import audit
from api.accounts import service
from api.accounts.oidc import Person
from api.accounts.texts import normal_email
from api.db.accounts import User
from api.db.base import new_id
from api.db.engine import Database
from api.errors import Conflict, Forbidden

_LONGEST = 300


def user_for(database: Database, person: Person) -> User:
    """By the provider's subject; else by its verified address; else a new account, in no course.

    Raises `Forbidden` without a verified address, or for a disabled account; `Conflict` if the address is
    somebody else's of the same provider.
    """
    try:
        return _resolve(database, person)
    except IntegrityError:  # the same person in another window was first
        return _resolve(database, person)


def _resolve(database: Database, person: Person) -> User:
    subject = f"{person.issuer} {person.subject}"
    if len(subject) > _LONGEST or not subject.isprintable():
        raise Forbidden("The single sign-on provider names you in a way that is not understood here.")
    with database.write() as session:
        user = session.scalar(select(User).where(User.oidc_subject == subject))
        if user is None:
            user = _by_email(session, subject, person)
        if not user.is_active:
            raise Forbidden("This account is disabled. Ask an administrator.")
        return user


def _by_email(session: Session, subject: str, person: Person) -> User:
    email = _verified_email(person)
    user = service.find_user(session, email)
    if user is None:
        user = User(id=new_id(), email=email, name=_shown(person.name), oidc_subject=subject)
        session.add(user)
        session.flush()
        audit.record(session, user.id, "user.create", "user", user.id, email=email, by="single sign-on")
    elif user.oidc_subject is not None:
        raise Conflict("Your e-mail address belongs to another account here. Ask an administrator.")
    else:
        _link(session, user, subject)
    return user


def _link(session: Session, user: User, subject: str) -> None:
    """From now on the account is the provider's person's alone.

    Whoever had set its password never proved that the address is theirs: the password, its sessions and its
    tokens end here.
    """
    user.oidc_subject = subject
    if user.password_hash is not None:
        user.password_hash = None
        service.lock_out(session, user.id)
    audit.record(session, user.id, "user.link", "user", user.id, subject=subject)


def _verified_email(person: Person) -> str:
    try:
        return normal_email(person.email or "")
    except ValueError as error:
        raise Forbidden(
            "The single sign-on provider does not vouch for your e-mail address. Verify it there first."
        ) from error


def _shown(name: str) -> str:
    return "".join(character for character in name if character.isprintable()).strip()[:200]
