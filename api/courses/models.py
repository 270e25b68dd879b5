"""The JSON of courses and their members: what routes take and answer."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.accounts.texts import Email, Line, Name
from api.courses.access import CourseAccess
from api.db.accounts import User
from api.db.courses import AuditEvent, Enrolment, Role


def _readable(text: str) -> str:
    """Lines of text."""
    if any(char < " " and char not in "\n\t" for char in text.replace("\r\n", "\n")):
        raise ValueError("Control characters are not allowed.")
    return text.replace("\r\n", "\n").strip()


Text = Annotated[str, AfterValidator(_readable)]
Ref = Annotated[str, Path(pattern=r"^[^\x00-\x1f\x7f]{1,300}$", description="An id or a short name.")]
UserRef = Annotated[
    str, Path(pattern=r"^[^\x00-\x1f\x7f]{1,300}$", description="Id, e-mail address or `me`.")
]
Section = Annotated[Line, Field(max_length=60)]
Slug = Annotated[str, Field(max_length=100, description="Lower-case letters, digits, '-', '_', '.'.")]


_Moment = Annotated[
    str, Field(max_length=60, json_schema_extra={"format": "date-time"})
]  # read with the zone


class Incoming(BaseModel):
    """A body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_max_length=20_000)

    def changes(self) -> dict[str, Any]:
        """What was given. `null` means: leave it as it is."""
        return {key: getattr(self, key) for key in self.model_fields_set if getattr(self, key) is not None}


class CourseNew(Incoming):
    """A course to be made."""

    slug: Annotated[Slug, Field(max_length=60)]
    name: Annotated[Name, Field(min_length=1)]
    time_zone: Annotated[str, Field(max_length=60)] = "UTC"
    late_days: Annotated[int, Field(ge=0, le=365)] = 0


class CourseChange(Incoming):
    """What to change of a course."""

    name: Annotated[Name, Field(min_length=1)] | None = None
    time_zone: Annotated[str, Field(max_length=60)] | None = None
    late_days: Annotated[int, Field(ge=0, le=365)] | None = None


class CourseOut(BaseModel):
    """A course, and what the reader is in it."""

    id: uuid.UUID
    slug: str
    name: str
    time_zone: str
    late_days: int
    role: Role
    created_at: datetime

    @classmethod
    def of(cls, access: CourseAccess) -> CourseOut:
        """As this reader sees it."""
        course = access.course
        return cls(
            id=course.id,
            slug=course.slug,
            name=course.name,
            time_zone=course.time_zone,
            late_days=course.late_days,
            role=access.role,
            created_at=course.created_at,
        )


class MemberNew(Incoming):
    """Somebody to be added. An account is made if there is none with this address."""

    email: Email
    name: Name = ""
    role: Role = Role.STUDENT
    section: Section = ""


class MemberChange(Incoming):
    """What to change of a member's place."""

    role: Role | None = None
    section: Section | None = None


class PersonOut(BaseModel):
    """Somebody."""

    user_id: uuid.UUID
    email: str
    name: str

    @classmethod
    def who(cls, user: User) -> PersonOut:
        """As others of the course see them."""
        return cls(user_id=user.id, email=user.email, name=user.name)


class MemberOut(PersonOut):
    """A member of a course."""

    role: Role
    section: str
    since: datetime

    @classmethod
    def of(cls, place: Enrolment, user: User) -> MemberOut:
        """As the course's staff see them."""
        return cls(
            user_id=user.id,
            email=user.email,
            name=user.name,
            role=Role(place.role),
            section=place.section,
            since=place.created_at,
        )


class AuditOut(BaseModel):
    """Something that was changed."""

    id: uuid.UUID
    at: datetime
    actor: PersonOut | None  # None: the service itself, or somebody whose account is gone
    action: str
    object_type: str
    object_id: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, event: AuditEvent, actor: User | None) -> AuditOut:
        """As instructors see it."""
        return cls(
            id=event.id,
            at=event.at,
            actor=None if actor is None else PersonOut.who(actor),
            action=event.action,
            object_type=event.object_type,
            object_id=event.object_id,
            detail=event.detail,
        )


class StepOut(BaseModel):
    """What a line of a class list does."""

    line: int
    email: str
    name: str
    action: str
    role: Role
    section: str
    new_account: bool
    note: str


class LineErrorOut(BaseModel):
    """A line that is wrong."""

    line: int
    message: str


class RosterOut(BaseModel):
    """What a class list does, or did."""

    applied: bool
    added: int
    changed: int
    kept: int
    steps: list[StepOut]
    errors: list[LineErrorOut]
