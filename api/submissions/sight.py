"""How somebody sees the results of an assignment: staff all, students what the policy shows by now."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.courses.access import AssignmentAccess
from api.courses.extensions import last_due
from api.db.courses import Assignment, Extension
from api.policies import Policy, visibility
from grader.scoring.model import Score, TestResult, Visibility, WithheldTest
from grader.scoring.views import student_test, student_view


@dataclass(frozen=True)
class Sight:
    """What one reader sees. The last three are of no matter to staff."""

    is_staff: bool
    scores: bool = True  # any result at all
    after_due_date: bool = True
    published: bool = True

    @property
    def shows_results(self) -> bool:
        """Whether there is anything to see but the state."""
        return self.is_staff or self.scores

    @property
    def withheld(self) -> tuple[Visibility, ...]:
        """The kinds of tests whose results come later."""
        if self.is_staff:
            return ()
        later = (
            (Visibility.AFTER_DUE_DATE, self.after_due_date),
            (Visibility.AFTER_PUBLISHED, self.published),
        )
        return tuple(kind for kind, is_shown in later if not is_shown)

    def score(self, score: Score) -> Score | None:
        """The part of a score that they see."""
        if self.is_staff or not self.scores:
            return score if self.is_staff else None
        return student_view(score, after_due_date=self.after_due_date, published=self.published)

    def test(self, test: TestResult) -> TestResult | WithheldTest | None:
        """The part of one test's result that they see."""
        if self.is_staff or not self.scores:
            return test if self.is_staff else None
        return student_test(test, after_due_date=self.after_due_date, published=self.published)


def sight_of(session: Session, access: AssignmentAccess, user_id: uuid.UUID, now: datetime) -> Sight:
    """How the actor `user_id` sees the results of this assignment at `now`."""
    if access.is_staff:
        return Sight(is_staff=True)
    policy = Policy.model_validate(access.assignment.policy)
    due = last_due(session, access.assignment, policy, user_id)
    shown = visibility(policy, due, now, access.assignment.is_published)
    return Sight(False, shown.scores, shown.after_due_date, shown.published)


def find_extension(session: Session, assignment: Assignment, user_id: uuid.UUID) -> Extension | None:
    """What this student was granted."""
    return session.scalar(
        select(Extension).where(Extension.assignment_id == assignment.id, Extension.user_id == user_id)
    )
