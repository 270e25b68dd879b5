"""Finds members of a course."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts.actor import Actor
from api.db.accounts import User
from api.db.courses import Course, Enrolment
from api.errors import NotFound


def resolved(actor: Actor, user: str) -> str:
    """A reference to a user, with `me` replaced."""
    return str(actor.user_id) if user.lower() == "me" else user


def is_self(actor: Actor, user: str) -> bool:
    """Whether a reference names the actor."""
    return user.lower() in {"me", str(actor.user_id), actor.email}


def enrolment_of(session: Session, course: Course, reference: str) -> Enrolment:
    """A member by id or e-mail address. Raises `NotFound`."""
    query = select(Enrolment).join(User, User.id == Enrolment.user_id).where(Enrolment.course_id == course.id)
    try:
        query = query.where(User.id == uuid.UUID(reference))
    except ValueError:
        query = query.where(User.email == reference.strip().lower())
    found = session.scalar(query)
    if found is None:
        raise NotFound(
            f"Nobody in {course.slug} is {reference!r}: give the id or e-mail address of a member."
        )
    return found
