"""The student's choice of the submission that counts."""

from __future__ import annotations

import uuid

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from api import audit
from api.courses.access import SubmissionAccess
from api.db.submissions import Submission
from api.errors import Conflict
from api.policies import Policy, charged


def choose(session: Session, access: SubmissionAccess, actor_id: uuid.UUID) -> None:
    """Let a submission count instead of the others of its student or group. Raises `Conflict`."""
    submission = access.submission
    _require_choice(access)
    if submission.is_chosen:
        return
    whose = [Submission.user_id == submission.user_id]
    if submission.group_id is not None:
        whose.append(Submission.group_id == submission.group_id)
    others = update(Submission).where(Submission.assignment_id == submission.assignment_id, or_(*whose))
    session.execute(others.values(is_chosen=False))
    submission.is_chosen = True
    audit.record(
        session, actor_id, "submission.choose", "submission", submission.id, course_id=access.course.id
    )


def _require_choice(access: SubmissionAccess) -> None:
    counts = Policy.model_validate(access.assignment.policy).counts
    if counts != "chosen":
        raise Conflict(f"There is nothing to choose: in this assignment the {counts} submission counts.")
    if access.assignment.is_published and not access.is_staff:
        raise Conflict("The grades are published: ask the course's staff to change what counts.")
    if access.submission.is_test or not charged(access.submission.state):
        raise Conflict("This submission cannot count: choose one that was graded.")
