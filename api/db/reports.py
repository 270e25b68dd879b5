"""Reports that people read: the PDF, its pages as pictures, and the marks for each item of the rubric."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from api.db.accounts import User
from api.db.base import Base, new_id, now
from api.db.courses import Assignment


class ReportState(StrEnum):
    """How far the pictures of its pages are. It is handed in, and can be downloaded, in every one of them."""

    WAITING = "waiting"
    READY = "ready"
    REFUSED = "refused"  # it is no PDF that can be read, or has too many pages: `fault` says what to do
    FAILED = "failed"  # our fault, several times


class Report(Base):
    """One PDF, handed in. The last one of a student, or group, is the one that is marked."""

    __tablename__ = "reports"
    __table_args__ = (
        Index("ix_reports_assignment_user", "assignment_id", "user_id", "id"),
        Index("ix_reports_state", "state", "lease_until"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    assignment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assignments.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    group_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("groups.id", ondelete="SET NULL"))
    blob_digest: Mapped[str] = mapped_column(ForeignKey("blobs.digest"))
    file_name: Mapped[str] = mapped_column(String(255))  # as uploaded: shown, never used as a path
    size: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(default=now)
    is_test: Mapped[bool] = mapped_column(default=False)  # of the staff: counts for nobody
    state: Mapped[str] = mapped_column(String(16), default=ReportState.WAITING)
    page_count: Mapped[int | None]  # as the sandbox counted them
    fault: Mapped[str] = mapped_column(String(500), default="")  # a sentence for the student
    attempt: Mapped[int] = mapped_column(default=0)  # at making the pictures
    lease_until: Mapped[datetime | None]  # a worker makes them until then
    assignment: Mapped[Assignment] = relationship(lazy="joined", innerjoin=True)
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class ReportPage(Base):
    """The picture of one page: a PNG that the service wrote from a sandbox's table of pixels."""

    __tablename__ = "report_pages"

    report_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)  # 1, 2, ...
    blob_digest: Mapped[str] = mapped_column(ForeignKey("blobs.digest"))
    width: Mapped[int]  # pixels
    height: Mapped[int]
    size: Mapped[int]  # bytes


class ReportMark(Base):
    """The points for one item of the rubric, as somebody gave them. A change is a further version."""

    __tablename__ = "report_marks"
    __table_args__ = (UniqueConstraint("report_id", "item", "version"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"))
    item: Mapped[str] = mapped_column(String(60))  # `grader.assignment.RubricItem.id`
    version: Mapped[int]  # 1, 2, ...; the highest counts
    points: Mapped[float]
    comment: Mapped[str] = mapped_column(Text, default="")
    marked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)
