"""Teams for one assignment.

A student makes a group and gives its id to those who are to join; they join by themselves. So nobody is put
into a group against their will, and nobody joins one whose members did not ask them to. Staff may do
everything, at any time.
"""

from __future__ import annotations

import uuid

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from api.audit import record
from api.courses.assignments import policy_of
from api.courses.checks import unique
from api.db.courses import Assignment, Group, GroupMember
from api.db.submissions import Submission
from api.errors import Conflict, NotFound


def create_group(
    session: Session,
    actor_id: uuid.UUID | None,
    assignment: Assignment,
    name: str = "",
    user_id: uuid.UUID | None = None,
    *,
    by_staff: bool = False,
) -> Group:
    """A group; with its first member, if one is given.

    Raises:
        Conflict: the assignment is done alone, or the first member may not join (see `add_member`).
    """
    if policy_of(assignment).group_size < 2:
        raise Conflict("This assignment is done alone: it has no groups.", kind="no-groups")
    group = Group(assignment_id=assignment.id, name=name)
    session.add(group)
    session.flush()
    record(session, actor_id, "group.create", "group", group.id, assignment.course_id, name=name)
    if user_id is not None:
        add_member(session, actor_id, assignment, group, user_id, by_staff=by_staff)
    return group


def add_member(
    session: Session,
    actor_id: uuid.UUID | None,
    assignment: Assignment,
    group: Group,
    user_id: uuid.UUID,
    *,
    by_staff: bool = False,
) -> GroupMember:
    """Put somebody into a group. Somebody who is in it stays.

    Raises:
        Conflict: it is full, they are in another one, or (unless staff does it) the group or they have
            handed in already.
    """
    lock_group(session, group)
    place = session.get(GroupMember, (group.id, user_id))
    if place is not None:
        return place
    _refuse_if_full(session, assignment, group)
    if not by_staff:
        _refuse_after_submission(session, assignment, group, user_id)
    place = GroupMember(group_id=group.id, user_id=user_id, assignment_id=assignment.id)
    with unique(session, "They are in another group of this assignment: they have to leave it first."):
        session.add(place)
    record(session, actor_id, "group.add", "group", group.id, assignment.course_id, user=user_id)
    return place


def remove_member(
    session: Session,
    actor_id: uuid.UUID | None,
    assignment: Assignment,
    group: Group,
    user_id: uuid.UUID,
    *,
    by_staff: bool = False,
) -> None:
    """Take somebody out. A group that nobody is in and that handed in nothing is removed.

    Raises:
        NotFound: they are not in it.
        Conflict: the group has handed in already (unless staff does it).
    """
    lock_group(session, group)
    place = session.get(GroupMember, (group.id, user_id))
    if place is None:
        raise NotFound("They are not in this group.")
    if not by_staff:
        _refuse_after_submission(session, assignment, group, None)
    session.delete(place)
    session.flush()
    record(session, actor_id, "group.remove", "group", group.id, assignment.course_id, user=user_id)
    if not members_of(session, [group.id]).get(group.id) and not _handed_in(session, assignment, group, None):
        session.delete(group)
        session.flush()


def find_group(session: Session, reference: str) -> Group | None:
    """A group by id."""
    try:
        return session.get(Group, uuid.UUID(reference))
    except ValueError:
        return None


def group_of(session: Session, assignment_id: uuid.UUID, user_id: uuid.UUID) -> Group | None:
    """The group of a student for an assignment."""
    return session.scalar(
        select(Group)
        .join(GroupMember, GroupMember.group_id == Group.id)
        .where(GroupMember.assignment_id == assignment_id, GroupMember.user_id == user_id)
    )


def members_of(session: Session, group_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The members of groups, by group."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    query = select(GroupMember.group_id, GroupMember.user_id).where(GroupMember.group_id.in_(group_ids))
    for group_id, user_id in session.execute(query.order_by(GroupMember.user_id)):
        found.setdefault(group_id, []).append(user_id)
    return found


def lock_group(session: Session, group: Group) -> None:
    """Let nobody else change the group until the transaction ends. (SQLite has one writer anyway.)"""
    session.execute(select(Group.id).where(Group.id == group.id).with_for_update())


def _refuse_if_full(session: Session, assignment: Assignment, group: Group) -> None:
    size = policy_of(assignment).group_size
    taken = session.scalar(select(func.count()).where(GroupMember.group_id == group.id)) or 0
    if taken >= size:
        raise Conflict(f"The group is full: at most {size} work together.", kind="group-full", size=size)


def _refuse_after_submission(
    session: Session, assignment: Assignment, group: Group, user_id: uuid.UUID | None
) -> None:
    if _handed_in(session, assignment, group, user_id):
        raise Conflict(
            "Something was handed in already, so the group stays as it is: ask the course's staff.",
            kind="group-fixed",
        )


def _handed_in(session: Session, assignment: Assignment, group: Group, user_id: uuid.UUID | None) -> bool:
    """Whether the group, or this student alone, has a submission to the assignment."""
    whose = [Submission.group_id == group.id]
    if user_id is not None:
        whose.append(Submission.user_id == user_id)
    query = select(Submission.id).where(Submission.assignment_id == assignment.id, or_(*whose)).limit(1)
    return session.scalar(query) is not None
