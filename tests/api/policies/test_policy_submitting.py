"""Whether something may be handed in, and what the student is told if not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.policies import LatePolicy, Policy, due_for, may_submit

DUE = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LATE = LatePolicy(kind="percent_per_day")


def test_no_rules_no_refusal():
    decision = may_submit(Policy(), None, DUE, [DUE] * 1000, 0)
    assert (decision.allowed, decision.kind, decision.quota_left, decision.next_at) == (
        True,
        "ok",
        None,
        None,
    )


def test_not_open_yet():
    made = Policy(opens_at=DUE - DAY, due_at=DUE)
    decision = may_submit(made, DUE, DUE - DAY - HOUR, [], 0)
    assert (decision.allowed, decision.kind, decision.next_at) == (False, "not_open", DUE - DAY)
    assert decision.reason == "It opens at 2026-11-19 12:00 UTC."
    assert may_submit(made, DUE, DUE - DAY, [], 0).allowed


def test_too_late_and_closed():
    assert may_submit(Policy(due_at=DUE), DUE, DUE, [], 0).allowed
    refused = may_submit(Policy(due_at=DUE), DUE, DUE + HOUR, [], 0)
    assert (refused.kind, refused.next_at) == ("too_late", None)
    made = Policy(due_at=DUE, closes_at=DUE + 2 * DAY, late=LATE)
    assert may_submit(made, DUE, DUE + 2 * DAY, [], 0).allowed
    closed = may_submit(made, DUE, DUE + 2 * DAY + HOUR, [], 0)
    assert (closed.kind, closed.reason) == ("closed", "It closed at 2026-11-22 12:00 UTC.")


def test_an_extension_reaches_beyond_the_closing():
    made = Policy(due_at=DUE, closes_at=DUE + DAY, late=LATE)
    due = due_for(made, DUE + 3 * DAY)
    assert may_submit(made, due, DUE + 3 * DAY, [], 0).allowed
    assert may_submit(made, due, DUE + 3 * DAY + HOUR, [], 0).kind == "closed"
    only_closing = Policy(closes_at=DUE)
    assert may_submit(only_closing, due_for(only_closing, DUE + DAY), DUE + HOUR, [], 0).allowed


def test_the_grace_reaches_beyond_the_closing():
    made = Policy(due_at=DUE, closes_at=DUE, late=LatePolicy(grace_minutes=10))
    assert may_submit(made, DUE, DUE + timedelta(minutes=10), [], 0).allowed
    assert may_submit(made, DUE, DUE + timedelta(minutes=11), [], 0).kind == "closed"


def test_late_days_are_looked_at_where_they_are_known():
    made = Policy(due_at=DUE, late=LatePolicy(kind="late_days"))
    assert may_submit(made, DUE, DUE + DAY + HOUR, [], 0).allowed
    assert may_submit(made, DUE, DUE + DAY + HOUR, [], 0, days_left=2).allowed
    refused = may_submit(made, DUE, DUE + DAY + HOUR, [], 0, days_left=1)
    assert refused.kind == "too_late"
    assert "You have 1 late day left" in refused.reason


def test_tries_come_back_one_by_one():
    made = Policy(submissions_per_period=2, period_hours=24)
    first, second = DUE, DUE + 5 * HOUR
    assert may_submit(made, None, second, [first], 0).quota_left == 1
    spent = may_submit(made, None, second + HOUR, [second, first], 0)
    assert (spent.kind, spent.quota_left, spent.next_at) == ("no_quota", 0, first + DAY)
    assert spent.reason == (
        "You have used your 2 tries of the last 24 hours. The next one is possible at 2026-11-21 12:00 UTC."
    )
    assert not may_submit(made, None, first + DAY - timedelta(microseconds=1), [first, second], 0).allowed
    assert may_submit(made, None, first + DAY, [first, second], 0).quota_left == 1
    assert may_submit(made, None, second + DAY, [first, second], 0).quota_left == 2
    assert may_submit(made, None, second + HOUR, [first, second], 1).quota_left == 1


def test_no_time_is_promised_after_the_end():
    made = Policy(due_at=DUE, submissions_per_period=1)
    refused = may_submit(made, DUE, DUE - HOUR, [DUE - 2 * HOUR], 0)
    assert (refused.kind, refused.next_at) == ("no_quota", None)
    assert "closes before there is another" in refused.reason


@pytest.mark.parametrize("zone_hours", [-11, 0, 14])
def test_times_of_any_zone(zone_hours):
    from datetime import timezone

    there = (DUE - HOUR).astimezone(timezone(timedelta(hours=zone_hours)))
    made = Policy(due_at=DUE, submissions_per_period=1)
    assert may_submit(made, DUE, there, [], 0).allowed
    assert not may_submit(made, DUE, there, [there], 0).allowed


MOMENTS = st.datetimes(datetime(2026, 11, 10), datetime(2026, 11, 30), timezones=st.just(UTC))


@given(
    MOMENTS,
    st.lists(MOMENTS, max_size=12),
    st.integers(1, 4),
    st.integers(0, 3),
    st.sampled_from([1, 24, 100]),
)
def test_at_the_promised_time_it_is_possible_and_not_before(now, previous, per, extra, hours):
    previous = [at for at in previous if at <= now]
    made = Policy(submissions_per_period=per, period_hours=hours, closes_at=DUE, opens_at=DUE - 9 * DAY)
    decision = may_submit(made, None, now, previous, extra)
    assert 0 <= decision.quota_left <= per + extra
    assert decision.allowed == (decision.reason == "") == (decision.kind == "ok")
    if decision.next_at is not None:
        assert decision.next_at > now
        assert decision.kind in ("not_open", "no_quota")
    if decision.kind == "no_quota" and decision.next_at is not None:
        assert may_submit(made, None, decision.next_at, previous, extra).allowed
        assert not may_submit(
            made, None, decision.next_at - timedelta(microseconds=1), previous, extra
        ).allowed


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=60), st.integers(1, 5), st.sampled_from([1, 24, 48])
)
def test_no_period_has_more_than_its_quota(hours, per, period):
    made = Policy(submissions_per_period=per, period_hours=period)
    accepted: list[datetime] = []
    for hour in sorted(hours):
        at = DUE + hour * HOUR
        if may_submit(made, None, at, accepted, 0).allowed:
            accepted.append(at)
    for start in accepted:
        assert sum(start <= at < start + period * HOUR for at in accepted) <= per
