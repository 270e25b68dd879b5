"""HTTP routes: everybody's accounts, for administrators."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, status
from sqlalchemy import select

from api.accounts import service
from api.accounts.dependencies import Administering
from api.accounts.views import AccountView, NewUser, UserChange
from api.db.accounts import User
from api.errors import Conflict
from api.pagination import Page, Paging
from api.services import Running

router = APIRouter(tags=["administration"])
Search = Annotated[
    str, Query(max_length=200, pattern=r"^[!-~]*$", description="How the e-mail address begins.")
]


@router.get("/users")
def list_users(
    _actor: Administering, running: Running, paging: Paging, email: Search = ""
) -> Page[AccountView]:
    """All accounts, newest first."""
    query = select(User).order_by(User.id.desc()).limit(paging.limit + 1)
    if email:
        query = query.where(User.email.startswith(email.lower(), autoescape=True))
    if paging.after is not None:
        query = query.where(User.id < paging.after)
    with running.database.read() as session:
        found = list(session.scalars(query))
    return paging.page([_view(user) for user in found], [user.id for user in found])


@router.post("/users", status_code=status.HTTP_201_CREATED)
def create_user(body: NewUser, actor: Administering, running: Running) -> AccountView:
    """Make an account."""
    user = service.create_user(
        running.database,
        body.email,
        name=body.name,
        password=body.password,
        is_admin=body.is_admin,
        actor_id=actor.user_id,
    )
    return _view(user)


@router.patch("/users/{user_id}")
def change_user(user_id: uuid.UUID, body: UserChange, actor: Administering, running: Running) -> AccountView:
    """Change an account. A new password or disabling it signs its owner out and revokes their API tokens."""
    if body.password is not None:
        if user_id == actor.user_id:
            raise Conflict("Change your own password at PATCH /me, with the old one.")
        service.set_password(running.database, user_id, body.password, actor_id=actor.user_id)
    user = service.set_flags(
        running.database,
        user_id,
        name=body.name,
        is_admin=body.is_admin,
        is_active=body.is_active,
        actor_id=actor.user_id,
    )
    return _view(user)


def _view(user: User) -> AccountView:
    return AccountView(
        id=user.id,
        email=user.email,
        name=user.name,
        is_admin=user.is_admin,
        is_active=user.is_active,
        has_password=user.password_hash is not None,
        created_at=user.created_at,
    )
