"""Submissions, their gradings, and the results test by test."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from api.db.accounts import User
from api.db.base import Base, new_id, now
from api.db.courses import Assignment


class State(StrEnum):
    """Where a submission is, as its student sees it. Derived from the jobs of its latest official grading,
    and written in the same transaction as they are.
    """

    QUEUED = "queued"
    GRADING = "grading"  # a stage is running, or the next one waits; quick results may be there already
    GRADED = "graded"
    FAILED = "failed"  # our fault: an operator is needed; charged to nobody
    SUPERSEDED = "superseded"  # a newer one of the same student replaced it while it waited


class Blob(Base):
    """Bytes that were uploaded, kept once whoever uploaded them."""

    __tablename__ = "blobs"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256, hexadecimal
    size: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Submission(Base):
    """One upload to one assignment."""

    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("user_id", "idempotency_key"),
        Index("ix_submissions_assignment_user", "assignment_id", "user_id", "id"),
        Index("ix_submissions_assignment_group", "assignment_id", "group_id", "id"),
        Index("ix_submissions_assignment_id_id", "assignment_id", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    assignment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assignments.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    group_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("groups.id", ondelete="SET NULL"))
    blob_digest: Mapped[str] = mapped_column(ForeignKey("blobs.digest"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))  # as uploaded: shown, never used as a path
    size: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(default=now)  # what deadlines are compared with
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    is_chosen: Mapped[bool] = mapped_column(default=False)  # by its student, where the policy lets them
    is_test: Mapped[bool] = mapped_column(default=False)  # of the staff: counts for nobody
    state: Mapped[str] = mapped_column(String(16), default=State.QUEUED)
    grading_id: Mapped[uuid.UUID | None]  # the official grading; no foreign key: it would be circular
    score: Mapped[float | None]  # of that grading, before lateness; copied for lists
    max_score: Mapped[float | None]
    assignment: Mapped[Assignment] = relationship(lazy="joined", innerjoin=True)
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class Grading(Base):
    """One run of the specs over one submission; a regrade is a further one."""

    __tablename__ = "gradings"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    submission_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), index=True
    )
    spec_version: Mapped[str] = mapped_column(String(64), default="")  # that graded it
    seed: Mapped[int]
    tests_total: Mapped[int | None]  # how many tests the stages that have started will run
    score_json: Mapped[dict[str, Any] | None]  # `grader.scoring.model.Score` of the stages done so far
    score: Mapped[float | None]
    max_score: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class TestRow(Base):
    """The result of one test, saved as it arrives."""

    __test__ = False
    __tablename__ = "test_results"
    __table_args__ = (UniqueConstraint("grading_id", "test_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    grading_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("gradings.id", ondelete="CASCADE"))
    stage: Mapped[str] = mapped_column(String(8))
    attempt: Mapped[int]  # of the job that found it; a retry replaces those of earlier ones
    position: Mapped[int]  # 0, 1, ... within the stage
    test_id: Mapped[str] = mapped_column(String(400))
    status: Mapped[str] = mapped_column(String(20))
    score: Mapped[float]
    max_score: Mapped[float]
    visibility: Mapped[str] = mapped_column(String(20))
    result: Mapped[dict[str, Any]]  # `grader.scoring.model.TestResult`
