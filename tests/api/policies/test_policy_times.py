"""Wall clocks, zones and daylight saving."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Unprocessable
from api.policies import BadTime, LatePolicy, Policy, lateness, parse_local

AMSTERDAM = "Europe/Amsterdam"


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-11-20 23:59", "UTC", datetime(2026, 11, 20, 23, 59)),
        ("2026-11-20T23:59", AMSTERDAM, datetime(2026, 11, 20, 22, 59)),
        (" 2026-07-01 12:00:30 ", AMSTERDAM, datetime(2026, 7, 1, 10, 0, 30)),
        ("2026-07-01 12:00", "America/Montreal", datetime(2026, 7, 1, 16, 0)),
        ("2026-07-01T12:00Z", AMSTERDAM, datetime(2026, 7, 1, 12, 0)),
        ("2026-07-01T12:00-04:00", AMSTERDAM, datetime(2026, 7, 1, 16, 0)),
        ("2026-10-25 02:30", AMSTERDAM, datetime(2026, 10, 25, 1, 30)),  # there twice: the later one
        ("2026-03-29 03:00", AMSTERDAM, datetime(2026, 3, 29, 1, 0)),
    ],
)
def test_moments(text, zone, utc):
    assert parse_local(text, zone) == utc.replace(tzinfo=UTC)
    assert parse_local(text, zone).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "zone", "says"),
    [
        ("2026-03-29 02:30", AMSTERDAM, "There is no 02:30 on 2026-03-29 in Europe/Amsterdam"),
        ("2026-11-20", AMSTERDAM, "no date with a time"),
        ("", AMSTERDAM, "no date with a time"),
        ("20.11.2026 23:59", AMSTERDAM, "write it as 2026-11-20 23:59"),
        ("2026-02-30 12:00", AMSTERDAM, "write it as"),
        ("2026-11-20 23:59", "Mars/Olympus", "no time zone 'Mars/Olympus'"),
        ("2026-11-20 23:59", "../../etc/passwd", "no time zone"),
        ("2026-11-20 23:59", "", "no time zone"),
        ("2026-11-20 23:59", "Europe", "no time zone"),
        ("2026-11-20 23:59", "a\0b", "no time zone"),
        ("2026-11-20 23:59", "a" * 5000, "no time zone"),
        ("0001-01-01 00:00", AMSTERDAM, "The year 1 is not"),
        ("9999-12-31 23:59", AMSTERDAM, "The year 9999 is not"),
    ],
)
def test_what_is_wrong_is_said(text, zone, says):
    with pytest.raises(BadTime) as caught:
        parse_local(text, zone)
    assert says in str(caught.value)
    assert isinstance(caught.value, Unprocessable)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_a_moment_or_refused(text, zone):
    for tried in ("UTC", zone):
        with suppress(BadTime):
            assert parse_local(text, tried).tzinfo is UTC


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
    st.sampled_from([AMSTERDAM, "America/Montreal", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_a_wall_clock_is_read_back(wall, zone):
    wall = wall.replace(second=0, microsecond=0)
    try:
        moment = parse_local(wall.isoformat(), zone)
    except BadTime:  # skipped: then no moment shows it
        return
    assert moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall


@pytest.mark.parametrize(
    ("due", "received", "days"),
    [
        # Clocks set forward: noon to noon is 23 hours, so 13:00 is still the first day.
        ("2026-03-28 12:00", "2026-03-29 13:00", 1),
        ("2026-03-28 12:00", "2026-03-29 13:01", 2),
        # Clocks set back: noon to noon is 25 hours, so 11:01 is already the second.
        ("2026-10-24 12:00", "2026-10-25 11:00", 1),
        ("2026-10-24 12:00", "2026-10-25 11:01", 2),
    ],
)
def test_a_day_is_24_hours_whatever_the_clocks_do(due, received, days):
    policy = Policy(due_at=parse_local(due, AMSTERDAM), late=LatePolicy(kind="percent_per_day"))
    there = parse_local(received, AMSTERDAM).astimezone(ZoneInfo(AMSTERDAM))
    local_due = policy.due_at.astimezone(ZoneInfo(AMSTERDAM))
    assert lateness(policy, policy.due_at, there, 0).days == days
    assert lateness(policy, local_due, there, 0).days == days  # not the difference of the wall clocks
    assert lateness(policy, local_due, there, 0).late > timedelta(days=days - 1)
