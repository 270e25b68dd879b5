"""Whether somebody may hand in now: the policy, asked with what the database knows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from api.db.accounts import User
from api.db.courses import Assignment, Group, GroupMember
from api.db.submissions import Submission
from api.errors import Conflict, Forbidden
from api.gradebook.book import Book
from api.policies import Decision, Policy, charged, due_for, may_submit
from api.submissions.sight import find_extension

_STATUS: dict[str, type[Conflict | Forbidden]] = {"not_open": Forbidden, "no_quota": Conflict}


@dataclass(frozen=True)
class Student:
    """Who hands in, alone or for a group."""

    user_id: uuid.UUID
    group_id: uuid.UUID | None

    def theirs(self) -> ColumnElement[bool]:
        """What was handed in by them or their group."""
        own = Submission.user_id == self.user_id
        return own if self.group_id is None else or_(own, Submission.group_id == self.group_id)


def lock(session: Session, student: Student) -> None:
    """Uploads of one student, or group, are accepted one after the other. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "sqlite":
        return
    session.execute(select(User.id).where(User.id == student.user_id).with_for_update(key_share=True))
    if student.group_id is not None:
        session.execute(select(Group.id).where(Group.id == student.group_id).with_for_update(key_share=True))


def group_of(
    session: Session, assignment: Assignment, policy: Policy, user_id: uuid.UUID
) -> uuid.UUID | None:
    """The user's group, where the assignment has groups."""
    if policy.group_size == 1:
        return None
    return session.scalar(
        select(GroupMember.group_id).where(
            GroupMember.assignment_id == assignment.id, GroupMember.user_id == user_id
        )
    )


def require_permission(
    session: Session, assignment: Assignment, policy: Policy, student: Student, now: datetime
) -> None:
    """Raises `Forbidden` or `Conflict` with the policy's sentence."""
    if policy == Policy():
        return
    decision = decide(session, assignment, policy, student, now)
    if not decision.allowed:
        raise _STATUS.get(decision.kind, Forbidden)(
            decision.reason,
            kind=decision.kind.replace("_", "-"),
            next_at=decision.next_at.isoformat() if decision.next_at else None,
        )


def decide(
    session: Session, assignment: Assignment, policy: Policy, student: Student, now: datetime
) -> Decision:
    """What the policy says to this student at `now`."""
    extension = find_extension(session, assignment, student.user_id)
    due = due_for(policy, extension.due_at if extension else None)
    extra = extension.extra_submissions if extension else 0
    previous = _recent(session, assignment, policy, student, now)
    days_left = None
    if policy.late.kind == "late_days" and due is not None and now > due:
        days_left = Book(session, assignment, [student.user_id]).late_days_to_spend(student.user_id)
    return may_submit(policy, due, now, previous, extra, days_left)


def _recent(
    session: Session, assignment: Assignment, policy: Policy, student: Student, now: datetime
) -> list[datetime]:
    """When they handed in what counts against the quota."""
    if policy.submissions_per_period is None:
        return []
    rows = session.execute(
        select(Submission.received_at, Submission.state).where(
            Submission.assignment_id == assignment.id,
            student.theirs(),
            Submission.is_test.is_(False),
            Submission.received_at > now - timedelta(hours=policy.period_hours),
        )
    )
    return [received_at for received_at, state in rows if charged(state)]
