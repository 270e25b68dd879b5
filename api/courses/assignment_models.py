"""The JSON of assignments, spec versions, extensions and groups."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.accounts.texts import Line
from api.courses.access import AssignmentAccess
from api.courses.models import Incoming, PersonOut, Slug, Text
from api.db.accounts import User
from api.db.courses import Extension, Group, Role, SpecVersion

_Moment = Annotated[str, Field(max_length=60, json_schema_extra={"format": "date-time"})]


class AssignmentNew(Incoming):
    """An assignment to be made."""

    spec: Annotated[Line, Field(max_length=100)]
    slug: Slug = ""
    title: Annotated[Line, Field(max_length=300)] = ""
    description: Text = ""
    is_open: bool = True
    policy: dict[str, Any] = Field(default_factory=dict)


class AssignmentChange(Incoming):
    """What to change of an assignment. Of the policy, fields that are not named stay as they are."""

    title: Annotated[Line, Field(max_length=300, min_length=1)] | None = None
    description: Text | None = None
    position: Annotated[int, Field(ge=0, le=10_000)] | None = None
    is_open: bool | None = None
    is_published: bool | None = None
    policy: dict[str, Any] | None = None


class AssignmentOut(BaseModel):
    """An assignment. Times of the policy are in UTC."""

    id: uuid.UUID
    course: str
    slug: str
    spec: str
    spec_version: str
    has_slow: bool
    needs_gpu: bool
    title: str
    description: str
    position: int
    is_open: bool
    is_published: bool
    policy: dict[str, Any]
    role: Role

    @classmethod
    def of(cls, access: AssignmentAccess, policy: dict[str, Any]) -> AssignmentOut:
        """As anybody in the course sees it."""
        row, version = access.assignment, access.assignment.spec_version
        return cls(
            id=row.id,
            course=access.course.slug,
            slug=row.slug,
            spec=row.spec,
            spec_version=version.digest,
            has_slow=version.has_slow,
            needs_gpu=version.needs_gpu,
            title=row.title,
            description=row.description,
            position=row.position,
            is_open=row.is_open,
            is_published=row.is_published,
            policy=policy,
            role=access.role,
        )


class VersionOut(BaseModel):
    """A state of a spec."""

    id: uuid.UUID
    spec: str
    digest: str
    title: str
    parts: list[str]
    has_slow: bool
    needs_gpu: bool
    created_at: datetime
    is_newest: bool  # on disk at the latest sync
    is_used: bool = False  # by the assignment that was asked for

    @classmethod
    def of(cls, version: SpecVersion, *, is_newest: bool, is_used: bool = False) -> VersionOut:
        """As staff see it."""
        return cls(
            id=version.id,
            spec=version.spec,
            digest=version.digest,
            title=version.title,
            parts=[str(part.get("name", "")) for part in version.config.get("parts", [])],
            has_slow=version.has_slow,
            needs_gpu=version.needs_gpu,
            created_at=version.created_at,
            is_newest=is_newest,
            is_used=is_used,
        )


class ExtensionIn(Incoming):
    """More time, more tries, or both. A time without an offset is of the course's zone."""

    due_at: _Moment | None = None
    extra_submissions: Annotated[int, Field(ge=0, le=1000)] = 0
    reason: Annotated[Text, Field(max_length=500)] = ""


class ExtensionOut(PersonOut):
    """What a student was given."""

    due_at: datetime | None
    extra_submissions: int
    reason: str
    granted_by: uuid.UUID | None
    granted_at: datetime

    @classmethod
    def of(cls, extension: Extension, user: User) -> ExtensionOut:
        """As its student and the staff see it."""
        return cls(
            user_id=user.id,
            email=user.email,
            name=user.name,
            due_at=extension.due_at,
            extra_submissions=extension.extra_submissions,
            reason=extension.reason,
            granted_by=extension.granted_by,
            granted_at=extension.created_at,
        )


class GroupNew(Incoming):
    """A group to be made. A student is its first member; staff name its members (id or e-mail address)."""

    name: Annotated[Line, Field(max_length=100)] = ""
    members: list[Annotated[Line, Field(max_length=300)]] = Field(default_factory=list, max_length=50)


class GroupOut(BaseModel):
    """A group. Whoever has its id may join it, so members give it to those who are to."""

    id: uuid.UUID
    name: str
    created_at: datetime
    members: list[PersonOut]

    @classmethod
    def of(cls, group: Group, members: list[User]) -> GroupOut:
        """As its members and the staff see it."""
        people = [PersonOut.who(user) for user in members]
        return cls(id=group.id, name=group.name, created_at=group.created_at, members=people)
