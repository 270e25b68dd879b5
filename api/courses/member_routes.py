"""HTTP routes: who is in a course."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from sqlalchemy import or_, select

from api.accounts.dependencies import Acting, SignedIn
from api.courses import service
from api.courses.access import course_for, require_instructor, require_staff
from api.courses.members import resolved
from api.courses.models import (
    LineErrorOut,
    MemberChange,
    MemberNew,
    MemberOut,
    Ref,
    RosterOut,
    StepOut,
    UserRef,
)
from api.courses.roster import Plan, apply_roster, plan_roster
from api.courses.roster_file import read_roster
from api.db.accounts import User
from api.db.courses import Enrolment, Role
from api.errors import Unsupported
from api.pagination import Page, Paging
from api.services import Running

router = APIRouter(tags=["members"])
_TEXT_TYPES = {"text/csv", "text/plain", "text/tab-separated-values", "application/vnd.ms-excel"}


@router.get("/courses/{course}/members")
def list_members(
    course: Ref,
    actor: SignedIn,
    services: Running,
    paging: Paging,
    role: Role | None = None,
    section: Annotated[str | None, Query(pattern=r"^[^\x00-\x1f]{0,60}$")] = None,
    q: Annotated[
        str | None, Query(pattern=r"^[^\x00-\x1f]{1,100}$", description="Part of a name or address.")
    ] = None,
) -> Page[MemberOut]:
    """Who is in the course, newest first. For its staff."""
    with services.database.read() as session:
        access = course_for(session, actor, course)
        require_staff(access)
        query = select(Enrolment, User).join(User, User.id == Enrolment.user_id)
        query = query.where(Enrolment.course_id == access.course.id)
        if role is not None:
            query = query.where(Enrolment.role == role)
        if section is not None:
            query = query.where(Enrolment.section == section)
        if q is not None:
            found = (column.icontains(q, autoescape=True) for column in (User.email, User.name))
            query = query.where(or_(*found))
        if paging.after is not None:
            query = query.where(Enrolment.id < paging.after)
        rows = session.execute(query.order_by(Enrolment.id.desc()).limit(paging.limit + 1)).all()
    return paging.page([MemberOut.of(place, user) for place, user in rows], [place.id for place, _ in rows])


@router.post("/courses/{course}/members", status_code=201)
def add_member(
    course: Ref, body: MemberNew, actor: Acting, services: Running, response: Response
) -> MemberOut:
    """Add somebody; an account without a password is made if there is none. For instructors."""
    with services.database.write() as session:
        access = course_for(session, actor, course)
        require_instructor(access)
        user = service.user_by_email(session, body.email, body.name)
        place = service.enrol(session, actor.user_id, access.course, user, body.role, body.section)
    response.headers["Location"] = f"/api/v1/courses/{access.course.slug}/members/{user.id}"
    return MemberOut.of(place, user)


@router.patch("/courses/{course}/members/{user}")
def change_member(
    course: Ref, user: UserRef, body: MemberChange, actor: Acting, services: Running
) -> MemberOut:
    """Change somebody's role or section. For instructors."""
    with services.database.write() as session:
        access = course_for(session, actor, course)
        require_instructor(access)
        place = service.enrolment_of(session, access.course, resolved(actor, user))
        service.change_enrolment(session, actor.user_id, place, **body.changes())
        return MemberOut.of(place, session.get_one(User, place.user_id))


@router.delete("/courses/{course}/members/{user}", status_code=204)
def remove_member(course: Ref, user: UserRef, actor: Acting, services: Running) -> None:
    """Take somebody out of the course; what they handed in stays. For instructors."""
    with services.database.write() as session:
        access = course_for(session, actor, course)
        require_instructor(access)
        place = service.enrolment_of(session, access.course, resolved(actor, user))
        service.expel(session, actor.user_id, place)


@router.post("/courses/{course}/roster")
def import_roster(
    course: Ref,
    request: Request,
    body: Annotated[bytes, Body(media_type="text/csv", description="email, name, section, role")],
    actor: Acting,
    services: Running,
    apply: Annotated[bool, Query(description="Do it; otherwise only say what it would do.")] = False,
    lower_roles: Annotated[bool, Query(description="Let the list make staff students.")] = False,
) -> RosterOut:
    """Import a class list: CSV with a header. With a wrong line nothing is imported. For instructors."""
    with services.database.read() as session:
        access = course_for(session, actor, course)
        require_instructor(access)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TEXT_TYPES:
        raise Unsupported("Send the class list itself, with the header 'Content-Type: text/csv'.")
    people = read_roster(body)
    if not apply:
        with services.database.read() as session:
            return _told(plan_roster(session, access.course, people, lower_roles=lower_roles), applied=False)
    with services.database.write() as session:
        plan = apply_roster(session, actor.user_id, access.course, people, lower_roles=lower_roles)
    return _told(plan, applied=True)


def _told(plan: Plan, *, applied: bool) -> RosterOut:
    return RosterOut(
        applied=applied,
        added=plan.count("add"),
        changed=plan.count("change"),
        kept=plan.count("keep"),
        steps=[
            StepOut(
                line=step.row.line,
                email=step.row.email,
                name=step.row.name,
                action=step.action,
                role=step.role,
                section=step.section,
                new_account=step.new_account,
                note=step.note,
            )
            for step in plan.steps
        ],
        errors=[LineErrorOut(line=error.line, message=error.message) for error in plan.errors],
    )
