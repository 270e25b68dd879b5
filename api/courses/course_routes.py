"""HTTP routes: courses and their audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import select

from api.accounts.actor import Scope
from api.accounts.dependencies import Acting, Administering, SignedIn
from api.courses import service
from api.courses.access import CourseAccess, course_for, require_instructor
from api.courses.models import AuditOut, CourseChange, CourseNew, CourseOut, Ref
from api.db.accounts import User
from api.db.courses import AuditEvent, Course, Enrolment, Role
from api.pagination import Page, Paging
from api.services import Running

router = APIRouter(tags=["courses"])


@router.get("/courses")
def list_courses(actor: SignedIn, services: Running, paging: Paging) -> Page[CourseOut]:
    """The courses that you are in; all of them for administrators."""
    query = select(Course).order_by(Course.id.desc()).limit(paging.limit + 1)
    if not (actor.is_admin and actor.has(Scope.ADMIN)):
        query = query.join(Enrolment).where(Enrolment.user_id == actor.user_id)
    if paging.after is not None:
        query = query.where(Course.id < paging.after)
    with services.database.read() as session:
        rows = session.scalars(query).all()
        items = [CourseOut.of(course_for(session, actor, str(row.id))) for row in rows]
    return paging.page(items, [row.id for row in rows])


@router.post("/courses", status_code=201)
def create_course(body: CourseNew, actor: Administering, services: Running, response: Response) -> CourseOut:
    """Make a course. For administrators."""
    with services.database.write() as session:
        course = service.create_course(session, actor.user_id, **body.model_dump())
    response.headers["Location"] = f"/api/v1/courses/{course.slug}"
    return CourseOut.of(CourseAccess(course, Role.INSTRUCTOR))


@router.get("/courses/{course}")
def get_course(course: Ref, actor: SignedIn, services: Running) -> CourseOut:
    """A course."""
    with services.database.read() as session:
        return CourseOut.of(course_for(session, actor, course))


@router.patch("/courses/{course}")
def change_course(course: Ref, body: CourseChange, actor: Acting, services: Running) -> CourseOut:
    """Change a course. For its instructors."""
    with services.database.write() as session:
        access = course_for(session, actor, course)
        require_instructor(access)
        service.change_course(session, actor.user_id, access.course, **body.changes())
        return CourseOut.of(access)


@router.get("/courses/{course}/audit")
def list_audit(
    course: Ref,
    actor: SignedIn,
    services: Running,
    paging: Paging,
    action: Annotated[str | None, Query(pattern=r"^[a-z_.]{1,60}$")] = None,
) -> Page[AuditOut]:
    """Who changed what in the course, newest first. For its instructors."""
    with services.database.read() as session:
        access = course_for(session, actor, course)
        require_instructor(access)
        query = (
            select(AuditEvent, User)
            .outerjoin(User, User.id == AuditEvent.actor_id)
            .where(AuditEvent.course_id == access.course.id)
        )
        if action is not None:
            query = query.where(AuditEvent.action == action)
        if paging.after is not None:
            query = query.where(AuditEvent.id < paging.after)
        rows = session.execute(query.order_by(AuditEvent.id.desc()).limit(paging.limit + 1)).all()
    return paging.page([AuditOut.of(event, user) for event, user in rows], [event.id for event, _ in rows])
