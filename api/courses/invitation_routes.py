"""HTTP routes: invitations to a course."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Request, Response, status
from sqlalchemy import select

from api.accounts import csrf
from api.accounts.actor import Scope
from api.accounts.dependencies import Acting, MaybeIdentified, require_scope
from api.accounts.views import (
    Acceptance,
    InvitationView,
    MembershipView,
    NewInvitation,
    NewInvitationView,
    UserView,
)
from api.courses import invitations
from api.courses.access import course_for, require_instructor
from api.db.accounts import Invitation, User
from api.db.courses import Course, Enrolment
from api.errors import NotAuthenticated
from api.limiter import client_key
from api.pagination import Page, Paging
from api.services import Running, Services

router = APIRouter(tags=["invitations"])


@router.get("/courses/{course}/invitations")
def list_invitations(course: str, actor: Acting, running: Running, paging: Paging) -> Page[InvitationView]:
    """A course's invitations, newest first. For instructors."""
    with running.database.read() as session:
        access = course_for(session, actor, course)
        require_instructor(access)
        query = select(Invitation).where(Invitation.course_id == access.course.id)
        if paging.after is not None:
            query = query.where(Invitation.id < paging.after)
        found = list(session.scalars(query.order_by(Invitation.id.desc()).limit(paging.limit + 1)))
    return paging.page([InvitationView.model_validate(one) for one in found], [one.id for one in found])


@router.post("/courses/{course}/invitations", status_code=status.HTTP_201_CREATED)
def invite(
    course: str, body: NewInvitation, actor: Acting, response: Response, running: Running
) -> NewInvitationView:
    """Invite somebody: gives a link that can be used once. For instructors."""
    with running.database.write() as session:
        access = course_for(session, actor, course)
        require_instructor(access)
        invitation, secret = invitations.create(
            session,
            access.course,
            actor.user_id,
            role=body.role,
            email=body.email,
            section=body.section,
            days=body.days,
        )
    response.headers["Cache-Control"] = "no-store"
    shown = InvitationView.model_validate(invitation).model_dump()
    return NewInvitationView(**shown, link=link_to(running, secret), token=secret)


@router.delete("/courses/{course}/invitations/{invitation_id}", status_code=status.HTTP_204_NO_CONTENT)
def take_back(course: str, invitation_id: uuid.UUID, actor: Acting, running: Running) -> None:
    """Take back an invitation that nobody has used. For instructors."""
    with running.database.write() as session:
        access = course_for(session, actor, course)
        require_instructor(access)
        invitations.revoke(session, access.course.id, invitation_id, actor.user_id)


@router.post("/invitations/{token}/accept")
def accept(
    token: str, body: Acceptance, request: Request, identity: MaybeIdentified, running: Running
) -> MembershipView:
    """Become a member: as who is signed in, or with a name and a password for a new account."""
    if identity is not None:
        actor = require_scope(identity.actor, Scope.SUBMIT)
        enrolment = invitations.accept(running.database, token, actor.user_id)
        return _membership(running, enrolment)
    csrf.require_same_origin(request)
    if body.password is None:
        raise NotAuthenticated(
            "Sign in first, or send a name and a password for a new account.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    running.limiter.hit("login", f"accept {client_key(request)}")
    _user, enrolment = invitations.accept_as_new(running.database, token, body.name, body.password)
    return _membership(running, enrolment)


def link_to(running: Services, secret: str) -> str:
    """The address of an invitation's page."""
    return f"{running.settings.url}/invitations/{secret}"


def _membership(running: Services, enrolment: Enrolment) -> MembershipView:
    with running.database.read() as session:
        user = session.get_one(User, enrolment.user_id)
        course = session.get_one(Course, enrolment.course_id)
        return MembershipView(course=course.slug, role=enrolment.role, user=UserView.model_validate(user))
