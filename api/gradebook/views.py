"""The gradebook as JSON: what routes answer and pages show."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import BaseModel

from api.policies import Lateness


class LateView(BaseModel):
    """How late something is, and what it costs."""

    late_seconds: float
    days: int
    late_days_used: int
    factor: float
    accepted: bool
    sentence: str

    @classmethod
    def of(cls, late: Lateness) -> LateView:
        """The policy's answer as JSON."""
        return cls(
            late_seconds=late.late.total_seconds(),
            days=late.days,
            late_days_used=late.late_days_used,
            factor=late.factor,
            accepted=late.accepted,
            sentence=late.sentence,
        )


class SubmissionLine(BaseModel):
    """One submission in a student's history."""

    id: uuid.UUID
    file_name: str
    submitted_by: str  # whoever of the group it was
    received_at: datetime
    state: str
    score: float | None  # before lateness
    max_score: float | None
    lateness: LateView
    final_score: float | None  # after lateness
    counts: bool
    is_chosen: bool
    is_test: bool  # of the staff: counts for nobody


class ReportLine(BaseModel):
    """The report that counts. Its points are there for students once the grades are published."""

    id: uuid.UUID
    received_at: datetime
    lateness: LateView
    score: float | None  # after lateness, of the items marked so far
    max_score: float
    is_marked: bool  # all items of the rubric are


class Standing(BaseModel):
    """A student's place in an assignment."""

    time_zone: str  # of the course, for showing dates
    opens_at: datetime | None
    due_at: datetime | None  # their own
    closes_at: datetime | None
    is_extended: bool
    extra_submissions: int
    if_submitted_now: LateView
    may_submit: bool
    reason: str  # why not, as a sentence
    quota_left: int | None  # None: any number
    next_at: datetime | None  # when they may, if they may not now
    late_days_left: int | None  # of their bank; None where late days are not used
    counts: str  # best, last or chosen
    are_scores_shown: bool
    is_provisional: bool  # results of some tests are withheld until later, and not in the scores here
    counting: uuid.UUID | None  # the submission that counts
    score: float | None
    max_score: float | None
    final_score: float | None
    report: ReportLine | None = None  # where the assignment has one and it was handed in
    total_score: float | None = None  # submission and report together, as far as they are shown
    submissions: list[SubmissionLine]  # the newest first


class GradebookRow(BaseModel):
    """One student in the gradebook of an assignment: as staff see it, nothing withheld."""

    user_id: uuid.UUID
    email: str
    name: str
    section: str
    group_id: uuid.UUID | None
    due_at: datetime | None
    is_extended: bool
    submissions: int  # that cost a try
    newest_state: str | None  # of the newest submission
    counting: uuid.UUID | None  # the submission that counts; what follows is about it
    received_at: datetime | None
    days_late: int
    late_days_used: int
    score: float | None  # before lateness
    max_score: float | None
    final_score: float | None
    report: uuid.UUID | None = None  # the report that counts
    report_score: float | None = None  # after lateness, of the items marked so far
    report_max_score: float | None = None  # None: the assignment has no report
    total_score: float | None = None  # submission and report together
