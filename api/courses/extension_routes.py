"""HTTP routes: extensions."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select

from api.accounts.dependencies import Acting, SignedIn
from api.courses import service
from api.courses.access import assignment_for, require_staff
from api.courses.assignment_models import ExtensionIn, ExtensionOut
from api.courses.assignments import checked_time
from api.courses.extensions import find_extension
from api.courses.members import is_self, resolved
from api.courses.models import Ref, UserRef
from api.db.accounts import User
from api.db.courses import Extension
from api.errors import NotFound
from api.pagination import Page, Paging
from api.services import Running

router = APIRouter(tags=["extensions"])
_NONE = "There is no extension for this student."


@router.get("/assignments/{assignment}/extensions")
def list_extensions(
    assignment: Ref, actor: SignedIn, services: Running, paging: Paging
) -> Page[ExtensionOut]:
    """All extensions of an assignment, newest first. For staff."""
    with services.database.read() as session:
        access = assignment_for(session, actor, assignment)
        require_staff(access)
        query = select(Extension, User).join(User, User.id == Extension.user_id)
        query = query.where(Extension.assignment_id == access.assignment.id)
        if paging.after is not None:
            query = query.where(Extension.id < paging.after)
        rows = session.execute(query.order_by(Extension.id.desc()).limit(paging.limit + 1)).all()
    return paging.page([ExtensionOut.of(row, user) for row, user in rows], [row.id for row, _ in rows])


@router.get("/assignments/{assignment}/extensions/{user}")
def get_extension(assignment: Ref, user: UserRef, actor: SignedIn, services: Running) -> ExtensionOut:
    """A student's extension. For staff, and for the student."""
    with services.database.read() as session:
        access = assignment_for(session, actor, assignment)
        if not (access.is_staff or is_self(actor, user)):
            raise NotFound(_NONE)
        member = service.enrolment_of(session, access.course, resolved(actor, user))
        extension = find_extension(session, access.assignment, member.user_id)
        if extension is None:
            raise NotFound(_NONE)
        return ExtensionOut.of(extension, session.get_one(User, member.user_id))


@router.put("/assignments/{assignment}/extensions/{user}")
def grant_extension(
    assignment: Ref, user: UserRef, body: ExtensionIn, actor: Acting, services: Running
) -> ExtensionOut:
    """Give a student more time or more tries, in place of what was given before. For staff."""
    with services.database.write() as session:
        access = assignment_for(session, actor, assignment)
        require_staff(access)
        zone = access.course.time_zone
        due_at = None if body.due_at is None else checked_time("due_at", body.due_at, zone)
        member = service.enrolment_of(session, access.course, resolved(actor, user))
        extension = service.grant_extension(
            session,
            actor.user_id,
            access.assignment,
            member.user_id,
            due_at=due_at,
            extra_submissions=body.extra_submissions,
            reason=body.reason,
        )
        return ExtensionOut.of(extension, session.get_one(User, member.user_id))


@router.delete("/assignments/{assignment}/extensions/{user}", status_code=204)
def revoke_extension(assignment: Ref, user: UserRef, actor: Acting, services: Running) -> None:
    """Take an extension back. For staff."""
    with services.database.write() as session:
        access = assignment_for(session, actor, assignment)
        require_staff(access)
        member = service.enrolment_of(session, access.course, resolved(actor, user))
        service.revoke_extension(session, actor.user_id, access.assignment, member.user_id)
