"""Lateness, grace, deductions and late days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.policies import LatePolicy, Policy, due_for, final_score, lateness

DUE = datetime(2026, 11, 20, 12, tzinfo=UTC)
KINDS = st.sampled_from(["none", "percent_per_day", "late_days"])
SPANS = st.timedeltas(timedelta(days=-3), timedelta(days=12))


def policy(**late) -> Policy:
    return Policy(due_at=DUE, late=LatePolicy(**late))


def judged(made: Policy, *, left: int = 0, **late_by: float):
    return lateness(made, DUE, DUE + timedelta(**late_by), left)


def test_on_time_to_the_microsecond():
    assert judged(policy()).sentence == "On time."
    assert judged(policy()).accepted
    late = judged(policy(), microseconds=1)
    assert not late.accepted
    assert late.sentence == "1 day late: not accepted. This assignment takes nothing after its due date."


def test_without_due_date_nothing_is_late():
    assert lateness(policy(), None, DUE + timedelta(days=999), 0).factor == 1.0


@pytest.mark.parametrize(
    ("minutes", "days", "factor"),
    [(15, 0, 1.0), (16, 1, 0.9), (24 * 60 + 15, 1, 0.9), (24 * 60 + 16, 2, 0.8), (9 * 24 * 60 + 16, 10, 0.0)],
)
def test_percent_per_begun_day_after_the_grace(minutes, days, factor):
    late = judged(policy(kind="percent_per_day", grace_minutes=15), minutes=minutes)
    assert (late.days, late.accepted) == (days, True)
    assert late.factor == pytest.approx(factor)


def test_sentences():
    assert judged(policy(kind="percent_per_day"), hours=1).sentence == "1 day late: 10 % is deducted."
    assert (
        judged(policy(kind="percent_per_day", percent=12.5), hours=30).sentence
        == "2 days late: 25 % is deducted."
    )
    assert judged(policy(kind="percent_per_day", max_days=1), hours=30).sentence == (
        "2 days late: not accepted. This assignment takes work up to 1 day late."
    )
    assert judged(policy(kind="late_days"), left=3, hours=30).sentence == (
        "2 days late: 2 late days of yours are used."
    )
    assert judged(policy(kind="late_days"), left=1, hours=30).sentence == (
        "2 days late: not accepted. You have 1 late day left."
    )
    assert "grace" in judged(policy(grace_minutes=5), minutes=5).sentence


def test_an_extension_gives_more_time_never_less():
    made = policy()
    assert due_for(made, None) == DUE
    assert due_for(made, DUE + timedelta(days=2)) == DUE + timedelta(days=2)
    assert due_for(made, DUE - timedelta(days=2)) == DUE
    assert due_for(Policy(), DUE) is None
    closing = Policy(closes_at=DUE)
    assert due_for(closing, None) is None
    assert due_for(closing, DUE - timedelta(days=1)) is None
    assert due_for(closing, DUE + timedelta(days=1)) == DUE + timedelta(days=1)


def test_a_score_below_zero_is_not_improved_by_lateness():
    late = judged(policy(kind="percent_per_day", percent=50), hours=1)
    assert final_score(8.0, late) == 4.0
    assert final_score(-8.0, late) == -8.0
    assert final_score(None, late) is None
    refused = judged(policy(), hours=1)
    assert final_score(8.0, refused) == 0.0
    assert final_score(-8.0, refused) == -8.0


@given(KINDS, SPANS, SPANS, st.integers(0, 90), st.integers(-1, 12), st.none() | st.integers(1, 9))
def test_later_is_never_better(kind, one, other, grace, left, most):
    made = policy(kind=kind, grace_minutes=grace, max_days=most)
    early, late = (lateness(made, DUE, DUE + span, left) for span in sorted((one, other)))
    assert early.late <= late.late
    assert early.days <= late.days
    assert early.factor >= late.factor
    assert early.accepted >= late.accepted


@given(KINDS, SPANS, st.integers(0, 90), st.integers(-1, 12), st.none() | st.integers(1, 9))
def test_what_lateness_always_is(kind, span, grace, left, most):
    late = lateness(policy(kind=kind, grace_minutes=grace, max_days=most), DUE, DUE + span, left)
    assert late.late == max(span, timedelta())
    assert 0.0 <= late.factor <= 1.0
    assert late.factor == 0.0 or late.accepted
    assert late.late_days_used <= max(left, 0)
    assert late.late_days_used in (0, late.days)
    assert late.accepted or not late.late_days_used
    assert most is None or late.days <= most or not late.accepted
    exact = (late.late - timedelta(minutes=grace)) / timedelta(days=1)
    assert late.days - 1 < max(exact, 0) <= late.days or late.days == 0
    assert late.sentence.endswith(("deducted.", "used.", "On time.", "left.", "late.", "date."))
