"""Who may see and do what. Every object that a request names goes through here.

What somebody may not know of does not exist for them: `NotFound`, never `Forbidden`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.accounts.actor import Actor, Scope
from api.db.courses import Assignment, Course, Enrolment, GroupMember, Role
from api.db.reports import Report
from api.db.submissions import Submission
from api.errors import Conflict, Forbidden, NotFound


@dataclass(frozen=True)
class CourseAccess:
    """A course, and what the actor is in it. Administrators are instructors everywhere."""

    course: Course
    role: Role

    @property
    def is_staff(self) -> bool:
        """TA or instructor, with a token (if it is one) that allows to act so."""
        return self.role.is_staff


@dataclass(frozen=True)
class AssignmentAccess(CourseAccess):
    """An assignment of it."""

    assignment: Assignment


@dataclass(frozen=True)
class SubmissionAccess(AssignmentAccess):
    """A submission to it."""

    submission: Submission


@dataclass(frozen=True)
class ReportAccess(AssignmentAccess):
    """A report for it."""

    report: Report


def course_for(session: Session, actor: Actor, reference: str) -> CourseAccess:
    """A course by slug or id. Raises `NotFound`."""
    course = session.scalar(select(Course).where(_named(Course.id, Course.slug, reference)))
    role = _role(session, actor, course.id) if course is not None else None
    if course is None or role is None:
        raise NotFound(f"There is no course {reference!r} that you are in.")
    return CourseAccess(course, role)


def assignment_for(session: Session, actor: Actor, reference: str) -> AssignmentAccess:
    """An assignment by id, or by slug among the actor's courses. A closed one is there for staff only.

    Raises:
        NotFound: there is none.
        Conflict: several courses of the actor have one of this name.
    """
    query = select(Assignment).where(_named(Assignment.id, Assignment.slug, reference))
    if not (actor.is_admin and actor.has(Scope.ADMIN)):
        query = query.join(
            Enrolment,
            and_(Enrolment.course_id == Assignment.course_id, Enrolment.user_id == actor.user_id),
        )
    visible = []
    for assignment in session.scalars(query.limit(50)).unique():
        role = _role(session, actor, assignment.course_id)
        if role is not None and (assignment.is_open or role.is_staff):
            visible.append(AssignmentAccess(assignment.course, role, assignment))
    if not visible:
        raise NotFound(f"There is no assignment {reference!r} in your courses.")
    if len(visible) > 1:
        choices = {one.course.slug: str(one.assignment.id) for one in visible}
        listed = ", ".join(f"{course}: {identifier}" for course, identifier in choices.items())
        raise Conflict(
            f"Several of your courses have an assignment {reference!r}: use its id ({listed}).",
            kind="ambiguous",
            choices=choices,
        )
    return visible[0]


def submission_for(session: Session, actor: Actor, reference: str) -> SubmissionAccess:
    """A submission: one's own, one's group's, or any of a course where one is staff. Raises `NotFound`."""
    identifier = _uuid(reference)
    submission = session.get(Submission, identifier) if identifier is not None else None
    role = _role(session, actor, submission.assignment.course_id) if submission is not None else None
    if submission is None or role is None or not (role.is_staff or is_theirs(session, actor, submission)):
        raise NotFound(f"There is no submission {reference!r} of yours.")
    return SubmissionAccess(submission.assignment.course, role, submission.assignment, submission)


def report_for(session: Session, actor: Actor, reference: str) -> ReportAccess:
    """A report: one's own, one's group's, or any of a course where one is staff. Raises `NotFound`."""
    identifier = _uuid(reference)
    report = session.get(Report, identifier) if identifier is not None else None
    role = _role(session, actor, report.assignment.course_id) if report is not None else None
    if report is None or role is None or not (role.is_staff or is_theirs(session, actor, report)):
        raise NotFound(f"There is no report {reference!r} of yours.")
    return ReportAccess(report.assignment.course, role, report.assignment, report)


def is_theirs(session: Session, actor: Actor, submission: Submission | Report) -> bool:
    """Whether the actor or their group handed it in."""
    if submission.user_id == actor.user_id:
        return True
    if submission.group_id is None:
        return False
    membership = select(GroupMember.user_id).where(
        GroupMember.group_id == submission.group_id, GroupMember.user_id == actor.user_id
    )
    return session.scalar(membership) is not None


def require_staff(access: CourseAccess) -> None:
    """Raises `Forbidden` for students."""
    if not access.role.is_staff:
        raise Forbidden("Only the course's staff may do this.")


def require_instructor(access: CourseAccess) -> None:
    """Raises `Forbidden` for students and TAs."""
    if access.role is not Role.INSTRUCTOR:
        raise Forbidden("Only the course's instructors may do this.")


def require_admin(actor: Actor) -> None:
    """Raises `Forbidden` for everybody but administrators."""
    if not (actor.is_admin and actor.has(Scope.ADMIN)):
        raise Forbidden("Only administrators may do this.")


def _role(session: Session, actor: Actor, course_id: uuid.UUID) -> Role | None:
    """What the actor is in a course; a token without the staff scope makes a student of anybody."""
    if actor.is_admin and actor.has(Scope.ADMIN):
        return Role.INSTRUCTOR
    found = session.scalar(
        select(Enrolment.role).where(Enrolment.course_id == course_id, Enrolment.user_id == actor.user_id)
    )
    if found is None:
        return None
    return Role(found) if actor.has(Scope.STAFF) else Role.STUDENT


def _named(
    identifier: InstrumentedAttribute[uuid.UUID], slug: InstrumentedAttribute[str], reference: str
) -> ColumnElement[bool]:
    if "\0" in reference:  # PostgreSQL refuses it in a text
        return false()
    as_uuid = _uuid(reference)
    if as_uuid is None:
        return slug == reference
    return or_(identifier == as_uuid, slug == reference)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
