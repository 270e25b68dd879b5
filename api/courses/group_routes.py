"""HTTP routes: groups."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts.actor import Actor
from api.accounts.dependencies import SignedIn, Submitting
from api.courses import service
from api.courses.access import AssignmentAccess, assignment_for
from api.courses.assignment_models import GroupNew, GroupOut
from api.courses.groups import find_group, members_of
from api.courses.members import is_self, resolved
from api.courses.models import Ref, UserRef
from api.db.accounts import User
from api.db.courses import Group, GroupMember
from api.errors import Forbidden, NotFound
from api.pagination import Page, Paging
from api.services import Running

router = APIRouter(tags=["groups"])


@router.get("/assignments/{assignment}/groups")
def list_groups(assignment: Ref, actor: SignedIn, services: Running, paging: Paging) -> Page[GroupOut]:
    """The groups of an assignment, newest first: all for staff, one's own for students."""
    with services.database.read() as session:
        access = assignment_for(session, actor, assignment)
        query = select(Group).where(Group.assignment_id == access.assignment.id)
        if not access.is_staff:
            mine = select(GroupMember.group_id).where(GroupMember.user_id == actor.user_id)
            query = query.where(Group.id.in_(mine))
        if paging.after is not None:
            query = query.where(Group.id < paging.after)
        rows = list(session.scalars(query.order_by(Group.id.desc()).limit(paging.limit + 1)))
        return paging.page(_told(session, rows), [row.id for row in rows])


@router.post("/assignments/{assignment}/groups", status_code=201)
def create_group(
    assignment: Ref, body: GroupNew, actor: Submitting, services: Running, response: Response
) -> GroupOut:
    """Make a group. A student is its first member, and gives its id to those who are to join."""
    with services.database.write() as session:
        access = assignment_for(session, actor, assignment)
        if not access.is_staff and any(not is_self(actor, name) for name in body.members):
            raise Forbidden("Give the others the group's id: they join by themselves.")
        first = None if access.is_staff else actor.user_id
        group = service.create_group(
            session, actor.user_id, access.assignment, body.name, first, by_staff=access.is_staff
        )
        for name in body.members:
            user_id = _member(session, access, actor, name)
            service.add_member(
                session, actor.user_id, access.assignment, group, user_id, by_staff=access.is_staff
            )
        told = _told(session, [group])[0]
    response.headers["Location"] = f"/api/v1/assignments/{access.assignment.id}/groups"
    return told


@router.put("/groups/{group}/members/{user}")
def join_group(group: Ref, user: UserRef, actor: Submitting, services: Running) -> GroupOut:
    """Join a group whose id one was given, or put somebody into it as staff."""
    with services.database.write() as session:
        access, found = _group_for(session, actor, group)
        user_id = _whom(session, access, actor, user)
        service.add_member(
            session, actor.user_id, access.assignment, found, user_id, by_staff=access.is_staff
        )
        return _told(session, [found])[0]


@router.delete("/groups/{group}/members/{user}", status_code=204)
def leave_group(group: Ref, user: UserRef, actor: Submitting, services: Running) -> None:
    """Leave a group, or take somebody out of it as staff."""
    with services.database.write() as session:
        access, found = _group_for(session, actor, group)
        user_id = _whom(session, access, actor, user)
        service.remove_member(
            session, actor.user_id, access.assignment, found, user_id, by_staff=access.is_staff
        )


def _group_for(session: Session, actor: Actor, reference: str) -> tuple[AssignmentAccess, Group]:
    """A group of an assignment that the actor can see. Raises `NotFound`."""
    group = find_group(session, reference)
    if group is not None:
        try:
            return assignment_for(session, actor, str(group.assignment_id)), group
        except NotFound:
            pass  # the answer must be the same as for a group that is not there
    raise NotFound(f"There is no group {reference!r} in your courses.")


def _whom(session: Session, access: AssignmentAccess, actor: Actor, user: str) -> uuid.UUID:
    if not access.is_staff and not is_self(actor, user):
        raise Forbidden("Everybody joins and leaves by themselves; staff can do it for others.")
    return _member(session, access, actor, user)


def _member(session: Session, access: AssignmentAccess, actor: Actor, user: str) -> uuid.UUID:
    return service.enrolment_of(session, access.course, resolved(actor, user)).user_id


def _told(session: Session, groups: list[Group]) -> list[GroupOut]:
    members = members_of(session, [group.id for group in groups])
    wanted = {user_id for some in members.values() for user_id in some}
    users = list(session.scalars(select(User).where(User.id.in_(wanted)).order_by(User.email)))
    return [
        GroupOut.of(group, [user for user in users if user.id in members.get(group.id, [])])
        for group in groups
    ]
