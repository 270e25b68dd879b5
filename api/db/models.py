"""All tables, imported for those who need them together: migrations, backup, tests."""

from __future__ import annotations

from api.db.accounts import ApiToken, Invitation, User, WebSession
from api.db.answers import AnswerDraft
from api.db.base import Base
from api.db.courses import (
    Assignment,
    AuditEvent,
    Course,
    Enrolment,
    Extension,
    Group,
    GroupMember,
    SpecVersion,
)
from api.db.queue import Job, QueueClock, Worker
from api.db.reports import Report, ReportMark, ReportPage
from api.db.submissions import Blob, Grading, Submission, TestRow

__all__ = [
    "AnswerDraft",
    "ApiToken",
    "Assignment",
    "AuditEvent",
    "Base",
    "Blob",
    "Course",
    "Enrolment",
    "Extension",
    "Grading",
    "Group",
    "GroupMember",
    "Invitation",
    "Job",
    "QueueClock",
    "Report",
    "ReportMark",
    "ReportPage",
    "SpecVersion",
    "Submission",
    "TestRow",
    "User",
    "WebSession",
    "Worker",
]
