"""What a course may decide about an assignment: dates, lateness, tries, what counts, what is shown when.

Pure functions over plain values: no database, no clock, no settings. A moment is an aware `datetime`; a day
is 24 hours of real time, whatever the clocks do.
"""

from __future__ import annotations

from api.policies.counting import (
    Candidate,
    Settled,
    Work,
    charged,
    counting,
    late_days_left,
    settle,
    settle_all,
)
from api.policies.late import Lateness, due_for, final_score, lateness
from api.policies.model import LatePolicy, Policy
from api.policies.submitting import Decision, for_reports, may_submit
from api.policies.times import BadTime, parse_local
from api.policies.visible import Visible, visibility

__all__ = [
    "BadTime",
    "Candidate",
    "Decision",
    "LatePolicy",
    "Lateness",
    "Policy",
    "Settled",
    "Visible",
    "Work",
    "charged",
    "counting",
    "due_for",
    "final_score",
    "for_reports",
    "late_days_left",
    "lateness",
    "may_submit",
    "parse_local",
    "settle",
    "settle_all",
    "visibility",
]
