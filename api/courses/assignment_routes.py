"""HTTP routes: assignments, and the versions of their specs."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response
from sqlalchemy import and_, or_, select

from api.accounts.actor import Actor, Scope
from api.accounts.dependencies import Acting, SignedIn
from api.courses import service
from api.courses.access import AssignmentAccess, assignment_for, course_for, require_instructor, require_staff
from api.courses.assignment_models import AssignmentChange, AssignmentNew, AssignmentOut, VersionOut
from api.courses.assignments import policy_of
from api.courses.models import Ref
from api.courses.sync import current_version, current_versions, use_version
from api.db.courses import Assignment, Enrolment, Role, SpecVersion
from api.errors import Forbidden, NotFound
from api.pagination import Page, Paging
from api.services import Running, Services

router = APIRouter(tags=["assignments"])


@router.get("/courses/{course}/assignments")
def list_assignments(course: Ref, actor: SignedIn, services: Running, paging: Paging) -> Page[AssignmentOut]:
    """The assignments of a course in its order; students see the open ones."""
    with services.database.read() as session:
        access = course_for(session, actor, course)
        query = select(Assignment).where(Assignment.course_id == access.course.id)
        if not access.is_staff:
            query = query.where(Assignment.is_open)
        last = session.get(Assignment, paging.after) if paging.after is not None else None
        if last is not None:
            same = and_(Assignment.position == last.position, Assignment.id > last.id)
            query = query.where(or_(Assignment.position > last.position, same))
        in_order = query.order_by(Assignment.position, Assignment.id).limit(paging.limit + 1)
        rows = session.scalars(in_order).unique().all()
        items = [_told(AssignmentAccess(access.course, access.role, row)) for row in rows]
    return paging.page(items, [row.id for row in rows])


@router.post("/courses/{course}/assignments", status_code=201)
def create_assignment(
    course: Ref, body: AssignmentNew, actor: Acting, services: Running, response: Response
) -> AssignmentOut:
    """Make an assignment of a spec. For instructors."""
    with services.database.write() as session:
        access = course_for(session, actor, course)
        require_instructor(access)
        assignment = service.create_assignment(session, actor.user_id, access.course, **body.model_dump())
    response.headers["Location"] = f"/api/v1/assignments/{assignment.id}"
    return _told(AssignmentAccess(access.course, access.role, assignment))


@router.get("/assignments/{assignment}")
def get_assignment(assignment: Ref, actor: SignedIn, services: Running) -> AssignmentOut:
    """An assignment, with its policy."""
    with services.database.read() as session:
        return _told(assignment_for(session, actor, assignment))


@router.patch("/assignments/{assignment}")
def change_assignment(
    assignment: Ref, body: AssignmentChange, actor: Acting, services: Running
) -> AssignmentOut:
    """Change an assignment: title, dates and all of its policy, open, published. For instructors."""
    changes = body.changes()
    policy = changes.pop("policy", None)
    with services.database.write() as session:
        access = assignment_for(session, actor, assignment)
        require_instructor(access)
        service.change_assignment(session, actor.user_id, access.assignment, **changes)
        if policy is not None:
            service.set_policy(session, actor.user_id, access.assignment, policy)
        return _told(access)


@router.get("/assignments/{assignment}/versions")
def list_versions(assignment: Ref, actor: SignedIn, services: Running, paging: Paging) -> Page[VersionOut]:
    """The versions of its spec, newest first. For staff."""
    with services.database.read() as session:
        access = assignment_for(session, actor, assignment)
        require_staff(access)
        newest = current_version(session, access.assignment.spec)
        query = select(SpecVersion).where(SpecVersion.spec == access.assignment.spec)
        if paging.after is not None:
            query = query.where(SpecVersion.id < paging.after)
        rows = session.scalars(query.order_by(SpecVersion.id.desc()).limit(paging.limit + 1)).all()
    used = access.assignment.spec_version_id
    items = [VersionOut.of(row, is_newest=row is newest, is_used=row.id == used) for row in rows]
    return paging.page(items, [row.id for row in rows])


@router.post("/assignments/{assignment}/versions/{version}/use")
def use_spec_version(assignment: Ref, version: uuid.UUID, actor: Acting, services: Running) -> AssignmentOut:
    """Use this version of the spec from the next grading on. For instructors."""
    with services.database.write() as session:
        access = assignment_for(session, actor, assignment)
        require_instructor(access)
        found = session.get(SpecVersion, version)
        if found is None or found.spec != access.assignment.spec:
            raise NotFound(f"The spec {access.assignment.spec} has no version {version}.")
        use_version(session, actor.user_id, access.assignment, found)
        return _told(access)


@router.get("/specs")
def list_specs(actor: SignedIn, services: Running) -> list[VersionOut]:
    """The specs that assignments can be made of, each in its newest version. For staff of any course."""
    _require_any_staff(actor, services)
    with services.database.read() as session:
        return [VersionOut.of(version, is_newest=True) for version in current_versions(session)]


def _require_any_staff(actor: Actor, services: Services) -> None:
    if actor.is_admin and actor.has(Scope.ADMIN):
        return
    mine = select(Enrolment.id).where(Enrolment.user_id == actor.user_id, Enrolment.role != Role.STUDENT)
    with services.database.read() as session:
        if not actor.has(Scope.STAFF) or session.scalar(mine.limit(1)) is None:
            raise Forbidden("Only the staff of a course may do this.")


def _told(access: AssignmentAccess) -> AssignmentOut:
    return AssignmentOut.of(access, policy_of(access.assignment).model_dump(mode="json"))
