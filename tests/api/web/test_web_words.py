"""How the web says things."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.db.submissions import State
from api.web import words
from grader.scoring.model import TestStatus

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("delta", "said"),
    [
        (timedelta(days=3, hours=5), "in 3 days"),
        (timedelta(days=1), "in 1 day"),
        (timedelta(minutes=59), "in 59 minutes"),
        (timedelta(seconds=30), "in less than a minute"),
        (timedelta(seconds=-5), "just now"),
        (-timedelta(hours=2, minutes=59), "2 hours ago"),
    ],
)
def test_relative(delta: timedelta, said: str) -> None:
    assert words.relative(NOON + delta, NOON) == said


def test_moments_are_in_the_course_s_zone() -> None:
    assert words.moment(NOON, "Europe/Amsterdam") == "Fri 20 November 2026, 13:00 CET"
    assert words.brief(NOON + timedelta(hours=12), "Asia/Tokyo") == "21 Nov, 09:00"
    assert words.moment(NOON, "Nowhere/AtAll").endswith("12:00 UTC")


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (4367, "4.4 KB"), (2_000_000, "2 MB"), (50_000_000, "50 MB")],
)
def test_size(count: int, said: str) -> None:
    assert words.size(count).replace("\xa0", " ") == said


def test_plural_points_and_durations() -> None:
    said = [words.plural(1, "try"), words.plural(2, "try"), words.plural(0, "day"), words.plural(2, "day")]
    assert said == ["1 try", "2 tries", "0 days", "2 days"]
    assert [words.points(one) for one in (None, 7.0, 10.927, 0.25)] == ["–", "7", "10.93", "0.25"]
    assert [words.duration(one) for one in (0.42, 12.0, 600.0)] == ["0.4 s", "12 s", "10 minutes"]


def test_code_between_ticks_is_marked_and_everything_escaped() -> None:
    assert words.ticks("use `a < b` & <b>") == "use <code>a &lt; b</code> &amp; &lt;b&gt;"
    assert words.ticks("`<script>`") == "<code>&lt;script&gt;</code>"


def test_every_status_and_state_has_its_look() -> None:
    """Never by colour alone: whatever differs in meaning differs in its words."""
    assert set(words.verdicts()) == {str(status) for status in TestStatus} | {"withheld"}
    said = [look.words for look in words.verdicts().values()]
    assert len(set(said)) == len(said)
    assert all(words.state(state).words for state in State)
