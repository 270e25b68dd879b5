"""How the web says things: points, moments, sizes, verdicts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup, escape

from grader.scoring.model import TestStatus

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_TICKS = re.compile(r"`([^`\n]+)`")
_STEPS = ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"))


@dataclass(frozen=True)
class Verdict:
    """What a test's status looks like. Never by colour alone: each has its sign and its words."""

    icon: str  # a symbol of templates/icons.html
    words: str
    tone: str  # pass, fail, warn, odd or muted: a class of the stylesheet


_VERDICTS = {
    TestStatus.PASSED: Verdict("check", "passed", "pass"),
    TestStatus.FAILED: Verdict("cross", "wrong", "fail"),
    TestStatus.NOT_IMPLEMENTED: Verdict("ring", "not implemented", "warn"),
    TestStatus.ERROR: Verdict("bang", "error", "fail"),
    TestStatus.TIMEOUT: Verdict("clock", "too slow", "fail"),
    TestStatus.MEMORY: Verdict("chip", "out of memory", "fail"),
    TestStatus.KILLED: Verdict("stop", "process ended", "fail"),
    TestStatus.SKIPPED: Verdict("dash", "skipped", "muted"),
    TestStatus.WAITING: Verdict("clock", "waiting", "muted"),
    TestStatus.INFRASTRUCTURE: Verdict("question", "our fault", "odd"),
    TestStatus.SPEC_ERROR: Verdict("question", "author's fault", "odd"),
}
WITHHELD = Verdict("lock", "withheld", "muted")

_STATES = {
    "queued": Verdict("clock", "waiting", "muted"),
    "grading": Verdict("spinner", "being graded", "accent"),
    "graded": Verdict("check", "graded", "pass"),
    "failed": Verdict("question", "our fault", "odd"),
    "superseded": Verdict("dash", "replaced by a newer one", "muted"),
}


def verdict(status: str) -> Verdict:
    """The look of a test's status."""
    return _VERDICTS[TestStatus(status)]


def verdicts() -> dict[str, Verdict]:
    """All of them by status, for the live list."""
    return {str(status): look for status, look in _VERDICTS.items()} | {"withheld": WITHHELD}


def state(name: str) -> Verdict:
    """The look of a submission's state."""
    return _STATES[name]


def points(value: float | None) -> str:
    """ "7.5"; "–" where there are none yet."""
    return "–" if value is None else f"{round(value, 2):g}"


def plural(count: int, noun: str) -> str:
    """ "1 test", "2 tests", "2 tries"."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("try") else f"{count} {noun}s"


def moment(value: datetime, zone: str) -> str:
    """ "Fri 4 December 2026, 23:59 CET", in the course's time zone."""
    local = value.astimezone(_zone(zone))
    return f"{local:%a} {local.day} {local:%B %Y, %H:%M %Z}"


def brief(value: datetime, zone: str) -> str:
    """ "4 Dec, 23:59", for lists."""
    local = value.astimezone(_zone(zone))
    return f"{local.day} {local:%b, %H:%M}"


def relative(value: datetime, now: datetime) -> str:
    """ "in 3 days", "2 hours ago", "just now"."""
    seconds = (value - now).total_seconds()
    for length, noun in _STEPS:
        if abs(seconds) >= length:
            count = plural(int(abs(seconds) // length), noun)
            return f"in {count}" if seconds > 0 else f"{count} ago"
    return "in less than a minute" if seconds > 0 else "just now"


def duration(seconds: float) -> str:
    """ "0.4 s", "12 s", "3 minutes"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 2 * _MINUTE else plural(round(seconds / _MINUTE), "minute")


def size(count: int) -> str:
    """ "312 B", "12 KB", "1.4 MB", with a space that does not break."""
    for unit, bytes_ in (("MB", 1_000_000), ("KB", 1000)):
        if count >= bytes_:
            shown = f"{count / bytes_:.2g}" if count < 10 * bytes_ else f"{count / bytes_:.0f}"
            return f"{shown}\xa0{unit}"
    return f"{count}\xa0B"


def ticks(text: str) -> Markup:
    """`code` between backticks as code; all else is text, whoever wrote it."""
    return Markup(_TICKS.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped first


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
