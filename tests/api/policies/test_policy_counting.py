"""Which submission counts, late days over a course, and who sees what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.policies import (
    Candidate,
    LatePolicy,
    Policy,
    Visible,
    Work,
    counting,
    late_days_left,
    settle,
    settle_all,
    visibility,
)

DUE = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def at(days: float, score: float | None = 5.0, **more) -> Candidate:
    return Candidate(DUE + days * DAY, score, **more)


@pytest.mark.parametrize(
    ("counts", "candidates", "index"),
    [
        ("best", [], None),
        ("best", [at(-3, None)], None),
        ("best", [at(-3, 4), at(-2, 7), at(-1, 6)], 1),
        ("best", [at(-1, 7), at(-3, 7), at(-2, 7)], 1),  # of equals the earliest
        ("best", [at(-3, 4), at(-2, 7, accepted=False)], 0),
        ("last", [at(-3, 9), at(-1, None), at(-2, 7)], 1),
        ("last", [at(-3, 9), at(1, 10, accepted=False)], 0),
        ("last", [], None),
        ("chosen", [at(-3, 9), at(-2, 8, is_chosen=True), at(-1, 1)], 1),
        ("chosen", [at(-3, 9), at(-1, 1)], 1),  # no choice yet: the last
        ("chosen", [at(-3, 9, is_chosen=True, accepted=False), at(-1, 1)], 1),
        ("chosen", [at(-3, 9, is_chosen=True), at(-2, 1, is_chosen=True)], 1),
    ],
)
def test_which_one_counts(counts, candidates, index):
    assert counting(Policy(counts=counts), candidates) == index


def test_best_means_after_lateness():
    made = Policy(due_at=DUE, late=LatePolicy(kind="percent_per_day", percent=50))
    settled = settle(Work(made, DUE, [at(-1, 6), at(0.5, 10)]), 0)
    assert settled.index == 0
    assert settled.finals == (6, 5)
    assert [late.days for late in settled.lateness] == [0, 1]


def test_too_late_counts_for_nothing():
    settled = settle(Work(Policy(due_at=DUE), DUE, [at(0.5, 10)]), 0)
    assert settled.index is None


def works() -> list[Work]:
    made = Policy(due_at=DUE, late=LatePolicy(kind="late_days"))
    later = DUE + 10 * DAY
    return [
        Work(made, later, [Candidate(later + 1.5 * DAY, 8.0)]),  # needs 2
        Work(made, DUE, [at(-1, 3), at(0.5, 9)]),  # the better one needs 1
    ]


def test_late_days_are_spent_in_due_order():
    assert [one.late_days_used for one in settle_all(3, works())] == [2, 1]
    assert late_days_left(3, works()) == 0
    poor = settle_all(2, works())  # the one due first takes one, one is not enough for the other
    assert [one.late_days_used for one in poor] == [0, 1]
    assert poor[0].index is None
    assert late_days_left(2, works()) == 1
    assert late_days_left(0, works()) == 0
    assert [one.index for one in settle_all(0, works())] == [None, 0]


def test_a_late_try_that_does_not_count_costs_no_late_day():
    made = Policy(due_at=DUE, late=LatePolicy(kind="late_days"))
    assert late_days_left(3, [Work(made, DUE, [at(-1, 9), at(0.5, 3)])]) == 3


WORK = st.builds(
    lambda kind, counts, due, tries: Work(
        Policy(due_at=DUE, late=LatePolicy(kind=kind), counts=counts),
        None if due is None else DUE + due * DAY,
        [Candidate(DUE + hours * DAY / 4, score, chosen) for hours, score, chosen in tries],
    ),
    st.sampled_from(["none", "percent_per_day", "late_days"]),
    st.sampled_from(["best", "last", "chosen"]),
    st.none() | st.integers(-5, 5),
    st.lists(st.tuples(st.integers(-40, 40), st.none() | st.floats(-5, 20), st.booleans()), max_size=5),
)


@given(st.integers(0, 8), st.lists(WORK, max_size=5), st.randoms())
def test_the_bank_is_never_overdrawn_and_order_given_does_not_matter(bank, listed, random):
    left = late_days_left(bank, listed)
    assert 0 <= left <= bank
    used = sum(one.late_days_used for one in settle_all(bank, listed))
    assert left == bank - used
    distinct = list({work.due: work for work in listed}.values())
    shuffled = random.sample(distinct, len(distinct))
    assert late_days_left(bank, shuffled) == late_days_left(bank, distinct)


@given(WORK, st.integers(0, 8))
def test_what_counts_was_accepted_and_is_best_where_best_counts(work, left):
    settled = settle(work, left)
    if settled.index is None:
        return
    assert settled.lateness[settled.index].accepted
    if work.policy.counts == "best":
        final = settled.finals[settled.index]
        able = [f for f, late in zip(settled.finals, settled.lateness, strict=True) if late.accepted]
        assert final == max(one for one in able if one is not None)


@pytest.mark.parametrize(
    ("results", "due", "days", "published", "seen"),
    [
        ("at_once", DUE, -1, False, Visible(True, False, False)),
        ("at_once", DUE, 0, False, Visible(True, False, False)),
        ("at_once", DUE, 1, False, Visible(True, True, False)),
        ("at_once", DUE + 2 * DAY, 1, True, Visible(True, False, True)),  # an extension hides for longer
        ("at_once", None, 1, False, Visible(True, False, False)),
        ("at_once", None, 1, True, Visible(True, True, True)),
        ("after_due", DUE, -1, False, Visible(False, False, False)),
        ("after_due", DUE, 1, False, Visible(True, True, False)),
        ("after_published", DUE, 1, False, Visible(False, True, False)),
        ("after_published", DUE, 1, True, Visible(True, True, True)),
    ],
)
def test_who_sees_what_when(results, due, days, published, seen):
    made = Policy(due_at=DUE, results=results)
    assert visibility(made, due, DUE + days * DAY, published) == seen
