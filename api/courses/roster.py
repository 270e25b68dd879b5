"""Brings a class list (CSV) into a course: first what it would do, then, if all lines are fine, doing it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.audit import record
from api.courses.checks import unique
from api.courses.roster_file import ClassList, LineError, Row
from api.db.accounts import User
from api.db.base import new_id
from api.db.courses import Course, Enrolment, Role
from api.errors import Conflict, Unprocessable

_CHUNK = 500  # addresses in one query
_RANK = {Role.STUDENT: 0, Role.TA: 1, Role.INSTRUCTOR: 2}

Action = Literal["add", "change", "keep"]


@dataclass(frozen=True)
class Step:
    """What a line of the list does."""

    row: Row
    action: Action  # add: becomes a member; change: gets another role or section; keep: nothing
    role: Role  # afterwards
    section: str  # afterwards
    new_account: bool = False  # nobody has this address yet
    note: str = ""  # what was not done, and why


@dataclass(frozen=True)
class Plan:
    """What a list does to a course. With errors it does nothing."""

    steps: tuple[Step, ...]
    errors: tuple[LineError, ...]

    def count(self, action: Action) -> int:
        """How many lines do this."""
        return sum(step.action == action for step in self.steps)


def plan_roster(session: Session, course: Course, people: ClassList, *, lower_roles: bool = False) -> Plan:
    """What the list would do."""
    places, users = _places(session, course), _users(session, people)
    steps = (_step(row, users.get(row.email), places, lower_roles) for row in people.rows)
    return Plan(tuple(steps), people.errors)


def apply_roster(
    session: Session,
    actor_id: uuid.UUID | None,
    course: Course,
    people: ClassList,
    *,
    lower_roles: bool = False,
) -> Plan:
    """Do it. People without an account get one without a password: they come in by invitation or single
    sign-on. Nobody is removed.

    Raises:
        Unprocessable: some lines are wrong; nothing was done, and `errors` has them.
        Conflict: it would leave the course without an instructor.
    """
    _refuse_errors(people)
    plan = plan_roster(session, course, people, lower_roles=lower_roles)
    places, users = _places(session, course), _users(session, people)
    had_instructor = _has_instructor(places)
    with unique(session, "Somebody is changing the same accounts right now: import the list again."):
        for step in plan.steps:
            _apply(session, course, step, users.get(step.row.email), places)
    if had_instructor and not _has_instructor(places):
        raise Conflict("The list makes the course's last instructor something else: name another one in it.")
    record(
        session, actor_id, "roster.import", "course", course.id, course.id,
        added=plan.count("add"), changed=plan.count("change"), kept=plan.count("keep"),
        changes=[_told(step) for step in plan.steps if step.action != "keep"],
    )  # fmt: skip
    return plan


def _refuse_errors(people: ClassList) -> None:
    if people.errors:
        first = people.errors[0]
        raise Unprocessable(
            f"Nothing was imported: {len(people.errors)} of the lines are wrong. "
            f"Line {first.line}: {first.message}",
            kind="invalid-roster",
            errors=[{"line": error.line, "message": error.message} for error in people.errors[:200]],
        )


def _step(row: Row, user: User | None, places: dict[uuid.UUID, Enrolment], lower_roles: bool) -> Step:
    place = places.get(user.id) if user is not None else None
    if place is None:
        return Step(row, "add", row.role or Role.STUDENT, row.section or "", user is None)
    before = Role(place.role)
    role, note = row.role or before, ""
    if _RANK[role] < _RANK[before] and not lower_roles:
        role, note = before, f"Stays {before}: an import lowers nobody's role unless told to."
    section = place.section if row.section is None else row.section
    same = role is before and section == place.section
    return Step(row, "keep" if same else "change", role, section, note=note)


def _apply(
    session: Session, course: Course, step: Step, user: User | None, places: dict[uuid.UUID, Enrolment]
) -> None:
    if user is None:
        user = User(id=new_id(), email=step.row.email, name=step.row.name)
        session.add(user)
    elif not user.name:
        user.name = step.row.name  # a name that somebody gave themselves is theirs
    place = places.get(user.id)
    if place is None:
        place = places[user.id] = Enrolment(course_id=course.id, user_id=user.id)
        session.add(place)
    place.role, place.section = step.role, step.section


def _places(session: Session, course: Course) -> dict[uuid.UUID, Enrolment]:
    rows = session.scalars(select(Enrolment).where(Enrolment.course_id == course.id))
    return {row.user_id: row for row in rows.unique()}


def _has_instructor(places: dict[uuid.UUID, Enrolment]) -> bool:
    return any(place.role == Role.INSTRUCTOR for place in places.values())


def _users(session: Session, people: ClassList) -> dict[str, User]:
    emails = [row.email for row in people.rows]
    found: dict[str, User] = {}
    for start in range(0, len(emails), _CHUNK):
        query = select(User).where(User.email.in_(emails[start : start + _CHUNK]))
        found |= {user.email: user for user in session.scalars(query)}
    return found


def _told(step: Step) -> dict[str, str]:
    return {"email": step.row.email, "role": step.role, "section": step.section}
