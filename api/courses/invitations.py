"""Links that make whoever opens them a member of a course, once.

An invitation without an address is for people who have an account. One with an address is for that address
only, and can make its account: whoever got the link from the course's instructor is taken for its owner.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api import audit
from api.accounts import passwords, service
from api.accounts.secrets import digest, new_secret
from api.db.accounts import Invitation, User
from api.db.base import new_id, now
from api.db.courses import Course, Enrolment, Role
from api.db.engine import Database
from api.errors import Conflict, Forbidden, NotFound

_ORDER = list(Role)


def create(
    session: Session,
    course: Course,
    actor_id: uuid.UUID,
    *,
    role: Role,
    email: str | None,
    section: str,
    days: float,
) -> tuple[Invitation, str]:
    """A new invitation, and the secret of its link, which is shown once."""
    secret = new_secret()
    invitation = Invitation(
        id=new_id(),
        course_id=course.id,
        token_hash=digest(secret),
        email=email,
        role=role,
        section=section,
        created_by=actor_id,
        expires_at=now() + timedelta(days=days),
    )
    session.add(invitation)
    audit.record(
        session, actor_id, "invitation.create", "invitation", invitation.id, course.id, role=role, email=email
    )
    return invitation, secret


def find(session: Session, secret: str) -> Invitation:
    """The invitation with this secret, if it can still be used. Raises `NotFound`."""
    query = select(Invitation).where(
        Invitation.token_hash == digest(secret), Invitation.used_at.is_(None), Invitation.expires_at > now()
    )
    found = session.scalar(query)
    if found is None:
        raise _gone()
    return found


def makes_account(session: Session, invitation: Invitation) -> bool:
    """Whether somebody without an account can accept it: its address has none, or one never signed in to."""
    if invitation.email is None:
        return False
    user = service.find_user(session, invitation.email)
    return user is None or _can_be_claimed(session, user, invitation)


def accept(database: Database, secret: str, user_id: uuid.UUID) -> Enrolment:
    """Make a signed-in user a member. Raises `NotFound`, `Forbidden` (somebody else's), `Conflict`."""
    try:
        with database.write() as session:
            invitation = find(session, secret)
            user = session.get_one(User, user_id)
            if invitation.email not in (None, user.email):
                raise Forbidden("This invitation is for another e-mail address. Sign in with that one.")
            return _use(session, invitation, user)
    except IntegrityError as error:  # another request enrolled them meanwhile
        raise _member_already() from error


def accept_as_new(database: Database, secret: str, name: str, password: str) -> tuple[User, Enrolment]:
    """Make the account of the invited address, and a member of it. Raises as `accept`; `Unprocessable`."""
    with database.read() as session:
        _require_account_maker(session, find(session, secret))
    shown = service.checked_name(name)
    passwords.check_strength(password)
    hashed = passwords.hash(password)
    try:
        with database.write() as session:
            invitation = find(session, secret)
            email = _require_account_maker(session, invitation)
            user = service.find_user(session, email) or User(id=new_id(), email=email)
            user.name, user.password_hash = shown or user.name or "", hashed
            session.add(user)
            session.flush()
            audit.record(session, user.id, "user.join", "user", user.id, email=email)
            return user, _use(session, invitation, user)
    except IntegrityError as error:  # another request was first
        raise _gone() from error


def revoke(session: Session, course_id: uuid.UUID, invitation_id: uuid.UUID, actor_id: uuid.UUID) -> None:
    """Take an invitation of this course back. Raises `NotFound`; `Conflict` if it was used."""
    invitation = session.get(Invitation, invitation_id)
    if invitation is None or invitation.course_id != course_id:
        raise NotFound(f"This course has no invitation {str(invitation_id)!r}.")
    if invitation.used_at is not None:
        raise Conflict("This invitation has been used. Remove the member from the course instead.")
    session.delete(invitation)
    audit.record(session, actor_id, "invitation.revoke", "invitation", invitation.id, course_id)


def _require_account_maker(session: Session, invitation: Invitation) -> str:
    if invitation.email is None or not makes_account(session, invitation):
        raise Forbidden("Sign in to accept this invitation.", kind="sign-in-to-accept")
    return invitation.email


def _can_be_claimed(session: Session, user: User, invitation: Invitation) -> bool:
    """Whether the account is from a roster and nobody's yet.

    One that can do anything outside the inviting course is not given away: the course's instructors could
    then take over what they may not see.
    """
    if user.password_hash or user.oidc_subject or user.is_admin or not user.is_active:
        return False
    elsewhere = select(Enrolment.id).where(
        Enrolment.user_id == user.id, Enrolment.course_id != invitation.course_id
    )
    return session.scalar(elsewhere.limit(1)) is None


def _use(session: Session, invitation: Invitation, user: User) -> Enrolment:
    take = (
        update(Invitation)
        .where(Invitation.id == invitation.id, Invitation.used_at.is_(None))
        .values(used_at=now(), used_by=user.id)
        .returning(Invitation.id)
    )
    if session.scalar(take) is None:  # another request was first
        raise _gone()
    enrolment = _enrol(session, invitation, user)
    audit.record(
        session,
        user.id,
        "invitation.accept",
        "invitation",
        invitation.id,
        invitation.course_id,
        role=enrolment.role,
    )
    return enrolment


def _enrol(session: Session, invitation: Invitation, user: User) -> Enrolment:
    """A place in the course; one that is there already is never lowered."""
    found = session.scalar(
        select(Enrolment).where(Enrolment.course_id == invitation.course_id, Enrolment.user_id == user.id)
    )
    if found is None:
        found = Enrolment(
            course_id=invitation.course_id, user_id=user.id, role=invitation.role, section=invitation.section
        )
        session.add(found)
    elif _ORDER.index(Role(invitation.role)) > _ORDER.index(Role(found.role)):
        found.role = invitation.role
    else:
        raise _member_already()
    session.flush()
    return found


def _gone() -> NotFound:
    return NotFound("This invitation is unknown, used up or too old. Ask for a new one.")


def _member_already() -> Conflict:
    return Conflict("You are in this course already.", kind="member-already")
