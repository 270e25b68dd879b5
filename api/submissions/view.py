"""What the service says about a submission: the JSON of the API, which the pages show too."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from api.db.courses import Assignment
from api.db.submissions import Grading, State, Submission
from grader.scoring.model import Score, TestResult, WithheldTest


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class AssignmentRef(_Record):
    """Which assignment."""

    id: uuid.UUID
    slug: str
    title: str
    course: str  # its slug


class UserRef(_Record):
    """Who handed it in."""

    id: uuid.UUID
    name: str
    email: str


class SubmissionItem(_Record):
    """A submission as one line of a list. `score` and `max_score` are those that the reader may see."""

    id: uuid.UUID
    assignment: AssignmentRef
    user: UserRef
    group_id: uuid.UUID | None
    file_name: str
    size: int  # bytes
    received_at: datetime
    state: State
    is_chosen: bool
    is_test: bool  # of the staff: counts for nobody
    shows_results: bool  # False: the course shows results later
    score: float | None  # before lateness
    max_score: float | None


class QueuePlace(_Record):
    """Where it waits. `position` 1 is next."""

    stage: str
    position: int
    estimate_seconds: float | None  # until its results, roughly; None: nothing to guess from


class Progress(_Record):
    """How far a grading is. `tests` are those done so far, and only while it is not finished."""

    tests_done: int
    tests_total: int | None
    tests: tuple[TestResult | WithheldTest, ...] = ()


class GradingInfo(_Record):
    """The grading that counts."""

    id: uuid.UUID
    spec_version: str
    seed: int
    created_at: datetime
    finished_at: datetime | None


class SubmissionDetail(SubmissionItem):
    """A submission with everything that the reader may see of it."""

    sha256: str  # of the file
    queue: QueuePlace | None = None
    progress: Progress | None = None
    grading: GradingInfo | None = None
    result: Score | None = None  # of the stages that are done
    error: str | None = None  # for staff: why it failed
    warnings: tuple[str, ...] = ()  # after an upload: what its author should look at


def item(
    submission: Submission,
    assignment: Assignment,
    user: UserRef,
    points: tuple[float | None, float | None],
    *,
    shows_results: bool,
) -> SubmissionItem:
    """One line of a list; `points` are the score and its maximum that the reader may see."""
    return SubmissionItem(
        id=submission.id,
        assignment=assignment_ref(assignment),
        user=user,
        group_id=submission.group_id,
        file_name=submission.file_name,
        size=submission.size,
        received_at=submission.received_at,
        state=State(submission.state),
        is_chosen=submission.is_chosen,
        is_test=submission.is_test,
        shows_results=shows_results,
        score=points[0],
        max_score=points[1],
    )


def assignment_ref(assignment: Assignment) -> AssignmentRef:
    """The assignment in short."""
    return AssignmentRef(
        id=assignment.id, slug=assignment.slug, title=assignment.title, course=assignment.course.slug
    )


def grading_info(grading: Grading) -> GradingInfo:
    """The grading in short."""
    return GradingInfo.model_validate(grading, from_attributes=True)
