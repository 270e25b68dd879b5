"""Page: one's courses with their assignments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts.actor import Actor
from api.db.base import now
from api.db.courses import Assignment, Course, Enrolment, Role
from api.gradebook.standing import standing
from api.gradebook.views import Standing
from api.policies import Policy
from api.services import Running
from api.web import words
from api.web.render import page
from api.web.viewer import Viewer

router = APIRouter()
_MOST_COURSES = 100
_SOON = timedelta(days=2)
ROLE_WORDS = {Role.STUDENT: "student", Role.TA: "teaching assistant", Role.INSTRUCTOR: "instructor"}


@dataclass(frozen=True)
class AssignmentRow:
    """An assignment in the list. `state` is empty where nothing was handed in."""

    title: str
    url: str
    is_open: bool
    due_at: datetime | None
    is_past: bool
    due_soon: bool
    tries: str
    state: str
    score: float | None
    max_score: float | None


@dataclass(frozen=True)
class CourseCard:
    """A course and its assignments."""

    slug: str
    name: str
    role: str
    role_words: str
    time_zone: str
    assignments: tuple[AssignmentRow, ...]


@dataclass(frozen=True)
class HomePage:
    """What `pages/home.html` knows."""

    greeting: str
    now: datetime
    courses: tuple[CourseCard, ...]


@router.get("/")
def home(request: Request, viewer: Viewer, running: Running) -> Response:
    """Everything that one is in."""
    moment = now()
    with running.database.read() as session:
        courses = tuple(_card(session, viewer, *found, moment) for found in _courses(session, viewer))
    return page(request, "home", HomePage("Your courses", moment, courses))


def _courses(session: Session, viewer: Actor) -> list[tuple[Course, Role]]:
    """The viewer's courses, the newest first; for administrators all."""
    if viewer.is_admin:
        every = session.scalars(select(Course).order_by(Course.created_at.desc()).limit(_MOST_COURSES))
        return [(course, Role.INSTRUCTOR) for course in every]
    query = select(Enrolment).where(Enrolment.user_id == viewer.user_id).limit(_MOST_COURSES)
    found = session.scalars(query.order_by(Enrolment.created_at.desc())).unique()
    return [(one.course, Role(one.role)) for one in found]


def _card(session: Session, viewer: Actor, course: Course, role: Role, moment: datetime) -> CourseCard:
    query = select(Assignment).where(Assignment.course_id == course.id)
    if not role.is_staff:
        query = query.where(Assignment.is_open)
    found: Iterable[Assignment] = session.scalars(query.order_by(Assignment.position, Assignment.id)).unique()
    rows = tuple(_row(one, standing(session, one, viewer.user_id, moment), role, moment) for one in found)
    return CourseCard(course.slug, course.name, role, ROLE_WORDS[role], course.time_zone, rows)


def _row(assignment: Assignment, stands: Standing, role: Role, moment: datetime) -> AssignmentRow:
    due = stands.due_at
    is_past = due is not None and due < moment
    return AssignmentRow(
        title=assignment.title,
        url=f"/assignments/{assignment.id}",
        is_open=assignment.is_open,
        due_at=due,
        is_past=is_past,
        due_soon=due is not None and not is_past and due - moment < _SOON,
        tries="" if role.is_staff else tries(assignment, stands),
        state=stands.submissions[0].state if stands.submissions else "",
        score=stands.final_score,
        max_score=stands.max_score,
    )


def tries(assignment: Assignment, stands: Standing) -> str:
    """ "2 of 5 tries left"; empty where there is no limit."""
    per_period = Policy.model_validate(assignment.policy).submissions_per_period
    if stands.quota_left is None or per_period is None:
        return ""
    return f"{stands.quota_left} of {words.plural(per_period + stands.extra_submissions, 'try')} left"
