"""What can be done to courses and who is in them. Each function works in the caller's transaction, and says
in the audit log what it did.

Assignments, extensions and groups have modules of their own; their functions are here by name too.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.audit import record
from api.courses.assignments import change_assignment, create_assignment, set_policy
from api.courses.changes import apply_changes
from api.courses.checks import checked_email, checked_slug, checked_zone, unique
from api.courses.extensions import grant_extension, revoke_extension
from api.courses.groups import add_member, create_group, remove_member
from api.courses.members import enrolment_of
from api.db.accounts import User
from api.db.courses import Course, Enrolment, Role
from api.errors import Conflict

__all__ = [
    "add_member",
    "change_assignment",
    "change_course",
    "change_enrolment",
    "create_assignment",
    "create_course",
    "create_group",
    "enrol",
    "enrolment_of",
    "expel",
    "grant_extension",
    "remove_member",
    "revoke_extension",
    "set_policy",
    "user_by_email",
]


def create_course(
    session: Session,
    actor_id: uuid.UUID | None,
    *,
    slug: str,
    name: str,
    time_zone: str = "UTC",
    late_days: int = 0,
) -> Course:
    """A new course, with nobody in it."""
    course = Course(
        slug=checked_slug(slug), name=name or slug, time_zone=checked_zone(time_zone), late_days=late_days
    )
    with unique(session, f"There is a course {slug!r} already: choose another name for the address."):
        session.add(course)
    record(session, actor_id, "course.create", "course", course.id, course.id, slug=slug, name=course.name)
    return course


def change_course(session: Session, actor_id: uuid.UUID | None, course: Course, **changes: Any) -> None:
    """Set `name`, `time_zone` or `late_days`."""
    if "time_zone" in changes:
        checked_zone(changes["time_zone"])
    changed = apply_changes(course, changes)
    if changed:
        session.flush()
        record(session, actor_id, "course.change", "course", course.id, course.id, **changed)


def user_by_email(session: Session, email: str, name: str = "") -> User:
    """The user with this address; made, without a password, if there is none."""
    email = checked_email(email)
    user = session.scalar(select(User).where(User.email == email))
    if user is None:
        user = User(email=email, name=name)
        with unique(session, f"Somebody just made an account for {email}: try again."):
            session.add(user)
    return user


def enrol(
    session: Session,
    actor_id: uuid.UUID | None,
    course: Course,
    user: User,
    role: Role = Role.STUDENT,
    section: str = "",
) -> Enrolment:
    """Make somebody a member.

    Raises:
        Conflict: they are one.
    """
    place = Enrolment(course=course, course_id=course.id, user_id=user.id, role=role, section=section)
    with unique(session, f"{user.email} is in {course.slug} already: change their place instead."):
        session.add(place)
    record(
        session, actor_id, "member.add", "user", user.id, course.id,
        email=user.email, role=role, section=section,
    )  # fmt: skip
    return place


def change_enrolment(session: Session, actor_id: uuid.UUID | None, place: Enrolment, **changes: Any) -> None:
    """Set `role` or `section`. Raises `Conflict` if that leaves the course without an instructor."""
    if "role" in changes and changes["role"] != Role.INSTRUCTOR:
        _keep_an_instructor(session, place)
    changed = apply_changes(place, changes)
    if changed:
        session.flush()
        record(session, actor_id, "member.change", "user", place.user_id, place.course_id, **changed)


def expel(session: Session, actor_id: uuid.UUID | None, place: Enrolment) -> None:
    """Take somebody out of the course. What they handed in stays, and is theirs again when they come back.

    Raises:
        Conflict: they are its last instructor.
    """
    _keep_an_instructor(session, place)
    record(session, actor_id, "member.remove", "user", place.user_id, place.course_id, role=place.role)
    session.delete(place)
    session.flush()


def _keep_an_instructor(session: Session, place: Enrolment) -> None:
    if place.role != Role.INSTRUCTOR:
        return
    # Locks the course where the database can: two instructors must not remove each other at once.
    session.execute(select(Course.id).where(Course.id == place.course_id).with_for_update())
    others = select(func.count()).where(
        Enrolment.course_id == place.course_id, Enrolment.role == Role.INSTRUCTOR, Enrolment.id != place.id
    )
    if not session.scalar(others):
        raise Conflict("This is the course's last instructor: name another one first.")
