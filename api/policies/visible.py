"""What of their results students see, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from api.policies.model import Policy


@dataclass(frozen=True, slots=True)
class Visible:
    """What to show now. The last two are what `grader.scoring.views.student_view` takes."""

    scores: bool  # any result at all
    after_due_date: bool  # also of tests that are shown once it is due
    published: bool  # also of tests that are shown once grades are published


def visibility(policy: Policy, due: datetime | None, now: datetime, published: bool) -> Visible:
    """What a student with this due date sees at `now`.

    Their own due date is meant: an extension hides results for longer. Without any, what is shown "after the
    due date" is shown when the grades are published.
    """
    is_due = published if due is None else now > due
    scores = {"at_once": True, "after_due": is_due, "after_published": published}[policy.results]
    return Visible(scores, is_due, published)
