"""Courses, who is in them, and their assignments."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from api.db.base import Base, new_id, now


class Role(StrEnum):
    """What somebody is in a course. Each may do what those before it may. (`User.is_admin`: everywhere.)"""

    STUDENT = "student"
    TA = "ta"
    INSTRUCTOR = "instructor"

    @property
    def is_staff(self) -> bool:
        """TA or instructor."""
        return self is not Role.STUDENT


class Course(Base):
    """A course in one term."""

    __tablename__ = "courses"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    time_zone: Mapped[str] = mapped_column(String(60), default="UTC")  # IANA name
    late_days: Mapped[int] = mapped_column(default=0)  # the bank of each student
    created_at: Mapped[datetime] = mapped_column(default=now)


class Enrolment(Base):
    """Somebody's place in a course."""

    __tablename__ = "enrolments"
    __table_args__ = (UniqueConstraint("course_id", "user_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(16))  # a Role
    section: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    course: Mapped[Course] = relationship(lazy="joined", innerjoin=True)


class SpecVersion(Base):
    """A state of test_specs/<spec> and reference/<spec>, as it was when it was synced."""

    __tablename__ = "spec_versions"
    __table_args__ = (UniqueConstraint("spec", "digest"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    spec: Mapped[str] = mapped_column(String(100))  # the folder's name
    digest: Mapped[str] = mapped_column(String(64))  # `grader.assignment.Assignment.spec_version`
    title: Mapped[str] = mapped_column(String(300))
    config: Mapped[dict[str, Any]]  # assignment.toml as data
    questions: Mapped[str] = mapped_column(Text, default="")  # `grader.answers.stored`: JSON in its own order
    has_slow: Mapped[bool] = mapped_column(default=False)
    needs_gpu: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)  # found on disk: the latest is what is there now


class Assignment(Base):
    """An assignment of a course: a spec with the course's policy."""

    __tablename__ = "assignments"
    __table_args__ = (UniqueConstraint("course_id", "slug"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(100))  # in addresses; unique in its course
    spec: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(300))
    description: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=0)
    is_open: Mapped[bool] = mapped_column(default=True)  # whether students see it and may submit
    is_published: Mapped[bool] = mapped_column(default=False)  # whether the grades are published
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)  # `api.policies.Policy` as JSON
    spec_version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("spec_versions.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    course: Mapped[Course] = relationship(lazy="joined", innerjoin=True)
    spec_version: Mapped[SpecVersion] = relationship(lazy="joined", innerjoin=True)


class Extension(Base):
    """More time, or more tries, for one student."""

    __tablename__ = "extensions"
    __table_args__ = (UniqueConstraint("assignment_id", "user_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    assignment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assignments.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    due_at: Mapped[datetime | None]
    extra_submissions: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(500), default="")
    granted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Group(Base):
    """A team for one assignment: one's submission is everybody's."""

    __tablename__ = "groups"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    assignment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("assignments.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)


class GroupMember(Base):
    """Somebody's place in a team; at most one team per assignment."""

    __tablename__ = "group_members"
    __table_args__ = (UniqueConstraint("assignment_id", "user_id"),)

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    assignment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assignments.id", ondelete="CASCADE"))


class AuditEvent(Base):
    """Who did what to what, for ever."""

    __tablename__ = "audit_events"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(default=now)
    actor_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    course_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("courses.id", ondelete="SET NULL"), index=True
    )
    action: Mapped[str] = mapped_column(String(60))  # "extension.grant"
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(60))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
