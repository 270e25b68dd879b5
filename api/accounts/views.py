"""The JSON of accounts: what routes take and what they answer."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.accounts.actor import Scope
from api.accounts.texts import Email, Line, Name, Password
from api.db.courses import Role

Label = Annotated[Line, Field(min_length=1, max_length=100)]
Scopes = Annotated[frozenset[Scope], Field(min_length=1)]
_USUAL = frozenset({Scope.READ, Scope.SUBMIT})
MOST_DAYS = 3_660


class Body(BaseModel):
    """Base of what is sent to us: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class View(BaseModel):
    """Base of what we answer, made from rows."""

    model_config = ConfigDict(from_attributes=True)


class Credentials(Body):
    """To sign in."""

    email: Annotated[str, Field(max_length=300)]
    password: Password


class NewToken(Body):
    """To make an API token. `password` is needed unless a browser session asks."""

    name: Label
    scopes: Scopes = _USUAL
    days: Annotated[float, Field(gt=0, le=MOST_DAYS)] | None = None  # until it expires
    password: Password | None = None


class Login(Credentials):
    """To sign in with the command line: gives an API token."""

    name: Label = "command line"
    scopes: Scopes = _USUAL
    days: Annotated[float, Field(gt=0, le=MOST_DAYS)] | None = None


class ProfileChange(Body):
    """To change one's own account."""

    name: Name | None = None
    password: Password | None = None  # the new one
    old_password: Password | None = None


class NewInvitation(Body):
    """To invite somebody. Without an address, whoever has an account and the link."""

    role: Role = Role.STUDENT
    email: Email | None = None
    section: Annotated[Line, Field(max_length=60)] = ""
    days: Annotated[float, Field(gt=0, le=90)] = 14


class Acceptance(Body):
    """To accept an invitation without an account: what it takes to make one."""

    name: Name = ""
    password: Password | None = None


class NewUser(Body):
    """To make an account, as an administrator."""

    email: Email
    name: Name = ""
    password: Password | None = None
    is_admin: bool = False


class UserChange(Body):
    """To change an account, as an administrator."""

    name: Name | None = None
    password: Password | None = None
    is_admin: bool | None = None
    is_active: bool | None = None


class UserView(View):
    """An account."""

    id: uuid.UUID
    email: str
    name: str
    is_admin: bool


class AccountView(UserView):
    """An account as administrators see it."""

    is_active: bool
    has_password: bool
    created_at: datetime


class MeView(UserView):
    """Who one is, and what this request may do."""

    scopes: list[Scope]


class SessionView(View):
    """A browser session. Unsafe requests with its cookie need the header `X-CSRF-Token`."""

    user: UserView
    csrf_token: str
    expires_at: datetime


class TokenView(View):
    """An API token as its owner may see it later."""

    id: uuid.UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class NewTokenView(TokenView):
    """A token just made: the only time that it is shown."""

    token: str


class InvitationView(View):
    """An invitation as instructors see it."""

    id: uuid.UUID
    role: str
    email: str | None
    section: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class NewInvitationView(InvitationView):
    """An invitation just made: the only time that its link is shown."""

    link: str
    token: str


class MembershipView(View):
    """What accepting an invitation led to."""

    course: str
    role: str
    user: UserView
