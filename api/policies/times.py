"""Moments: from what a teacher writes on a wall clock to UTC, where all arithmetic is done.

Python subtracts two times of the same zone by their wall clocks, which is wrong by an hour when the clocks
were changed in between: hence UTC everywhere.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator

from api.errors import Unprocessable

_YEARS = range(2000, 2200)  # outside of them it is a slip, and arithmetic could overflow
_EXAMPLE = "2026-11-20 23:59"


class BadTime(Unprocessable, ValueError):
    """A date and time that cannot be understood, or that there never is."""


def parse_local(text: str, zone: str) -> datetime:
    """A moment in UTC from "2026-11-20 23:59" on a wall clock in `zone`, an IANA name.

    With an offset ("...+01:00" or "...Z") the zone is not asked. Of a time that there is twice, because the
    clocks are set back, the later one is meant. Raises `BadTime`, also for a time that is skipped.
    """
    moment = _parsed(text)
    if moment.tzinfo is None:
        moment = _placed(moment, zone)
    return to_utc(moment)


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises `BadTime` for one without a zone or centuries away."""
    if moment.utcoffset() is None:
        raise BadTime(f"{moment.isoformat()} has no time zone: add Z or an offset such as +01:00.")
    if moment.year not in _YEARS:
        raise BadTime(f"The year {moment.year} is not within {_YEARS.start} to {_YEARS.stop - 1}.")
    return moment.astimezone(UTC)


def _parsed(text: str) -> datetime:
    short = text.strip()
    if len(short) <= len("2026-11-20"):
        raise BadTime(f"{short!r} is no date with a time: write it as {_EXAMPLE}.")
    try:
        return datetime.fromisoformat(short)
    except ValueError:
        raise BadTime(f"{short[:40]!r} is no date with a time: write it as {_EXAMPLE}.") from None


def _placed(wall: datetime, zone: str) -> datetime:
    try:
        moment = wall.replace(tzinfo=ZoneInfo(zone), fold=1)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadTime(f"There is no time zone {zone[:60]!r}: use a name such as Europe/Amsterdam.") from None
    back = to_utc(moment).astimezone(moment.tzinfo)
    if back.replace(tzinfo=None) != wall:
        raise BadTime(
            f"There is no {wall:%H:%M} on {wall:%Y-%m-%d} in {zone}: the clocks are set forward then."
            " Choose a time an hour earlier or later."
        )
    return moment


def _moment(value: object) -> object:
    """For pydantic: a string or datetime to UTC."""
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, datetime):
        return to_utc(value)
    raise BadTime(f"Write it as a text with its zone, as in {_EXAMPLE.replace(' ', 'T')}Z.")


Moment = Annotated[datetime, BeforeValidator(_moment)]
"""A field with a moment: given with its zone, kept in UTC."""
