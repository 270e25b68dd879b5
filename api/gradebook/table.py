"""The gradebook of an assignment: one row per student."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from api.db.accounts import User
from api.db.courses import Assignment, Enrolment, Role
from api.gradebook.book import Book
from api.gradebook.reports import ReportBook, total
from api.gradebook.views import GradebookRow


class Student(NamedTuple):
    """Somebody enrolled as a student."""

    id: uuid.UUID
    email: str
    name: str
    section: str


def students(session: Session, course_id: uuid.UUID, section: str | None = None) -> list[Student]:
    """All students of a course, or of one section of it, by e-mail address."""
    return [Student._make(row) for row in session.execute(_students(course_id, section))]


def students_after(
    session: Session, course_id: uuid.UUID, section: str | None, after: uuid.UUID | None, limit: int
) -> list[Student]:
    """Up to `limit` of them, starting behind the student `after`."""
    query = _students(course_id, section).limit(limit)
    if after is not None:
        query = query.where(User.email > select(User.email).where(User.id == after).scalar_subquery())
    return [Student._make(row) for row in session.execute(query)]


def rows(
    session: Session, assignment: Assignment, listed: Sequence[Student], *, everybody: bool = False
) -> list[GradebookRow]:
    """Their rows, in their order. `everybody`: they are most of the course, so all of it is read."""
    users = None if everybody else [one.id for one in listed]
    book = Book(session, assignment, users)
    reports = ReportBook(session, assignment, book.records, users)
    return [_row(book, reports, student) for student in listed]


def _students(course_id: uuid.UUID, section: str | None) -> Select[uuid.UUID, str, str, str]:
    query = (
        select(User.id, User.email, User.name, Enrolment.section)
        .join(Enrolment, Enrolment.user_id == User.id)
        .where(Enrolment.course_id == course_id, Enrolment.role == Role.STUDENT)
        .order_by(User.email)
    )
    return query if section is None else query.where(Enrolment.section == section)


def _row(book: Book, reports: ReportBook, student: Student) -> GradebookRow:
    place = (book.assignment.id, student.id)
    result = book.result(student.id)
    counting, late = result.counting, result.lateness
    due = book.records.due(*place)
    report = reports.grade(student.id)
    return GradebookRow(
        user_id=student.id,
        email=student.email,
        name=student.name,
        section=student.section,
        group_id=book.records.groups.get(place),
        due_at=due,
        is_extended=due != book.policy.due_at,
        submissions=sum(one.may_count for one in result.entries),
        newest_state=result.entries[-1].state if result.entries else None,
        counting=counting.id if counting else None,
        received_at=counting.received_at if counting else None,
        days_late=late.days if late else 0,
        late_days_used=late.late_days_used if late else 0,
        score=counting.score if counting else None,
        max_score=counting.max_score if counting else None,
        final_score=result.final,
        report=report.id if report else None,
        report_score=report.score if report else None,
        report_max_score=reports.most,
        total_score=total(result.final, report.score if report else None),
    )
