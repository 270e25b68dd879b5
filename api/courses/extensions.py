"""More time, or more tries, for one student."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from api.audit import record
from api.courses.checks import unique
from api.db.base import now
from api.db.courses import Assignment, Extension, GroupMember
from api.errors import NotFound, Unprocessable
from api.policies import Policy, due_for


def grant_extension(
    session: Session,
    actor_id: uuid.UUID | None,
    assignment: Assignment,
    user_id: uuid.UUID,
    *,
    due_at: datetime | None = None,
    extra_submissions: int = 0,
    reason: str = "",
) -> Extension:
    """Give a student a due date and tries of their own; in place of what was given before.

    Raises:
        Unprocessable: it gives nothing.
    """
    if due_at is None and extra_submissions == 0:
        raise Unprocessable("This gives nothing: set due_at, extra_submissions, or both.")
    extension = find_extension(session, assignment, user_id)
    if extension is None:
        extension = Extension(assignment_id=assignment.id, user_id=user_id)
    extension.due_at, extension.extra_submissions, extension.reason = due_at, extra_submissions, reason
    extension.granted_by, extension.created_at = actor_id, now()
    with unique(session, "Somebody else is granting this student an extension right now: try again."):
        session.add(extension)
    record(
        session, actor_id, "extension.grant", "assignment", assignment.id, assignment.course_id,
        user=user_id, due_at=due_at, extra_submissions=extra_submissions, reason=reason,
    )  # fmt: skip
    return extension


def revoke_extension(
    session: Session, actor_id: uuid.UUID | None, assignment: Assignment, user_id: uuid.UUID
) -> None:
    """Take it back. Raises `NotFound` if there is none."""
    extension = find_extension(session, assignment, user_id)
    if extension is None:
        raise NotFound("This student has no extension for this assignment.")
    record(
        session, actor_id, "extension.revoke", "assignment", assignment.id, assignment.course_id,
        user=user_id, due_at=extension.due_at, extra_submissions=extension.extra_submissions,
    )  # fmt: skip
    session.delete(extension)
    session.flush()


def find_extension(session: Session, assignment: Assignment, user_id: uuid.UUID) -> Extension | None:
    """What a student was given for an assignment."""
    return session.scalar(
        select(Extension).where(Extension.assignment_id == assignment.id, Extension.user_id == user_id)
    )


def last_due(session: Session, assignment: Assignment, policy: Policy, user_id: uuid.UUID) -> datetime | None:
    """When the work of a student and all of their group is due; None: never.

    Until then one of them may hand in for all, so none may see what is shown after the due date.
    """
    if policy.due_at is None:
        return None
    place = (GroupMember.assignment_id == assignment.id, GroupMember.user_id == user_id)
    group = select(GroupMember.group_id).where(*place)
    mates = select(GroupMember.user_id).where(GroupMember.group_id.in_(group))
    granted = select(func.max(Extension.due_at)).where(
        Extension.assignment_id == assignment.id,
        or_(Extension.user_id == user_id, Extension.user_id.in_(mates)),
    )
    return due_for(policy, session.scalar(granted))
