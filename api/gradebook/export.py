"""The gradebook as CSV, for spreadsheets and learning management systems."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from api.gradebook.views import GradebookRow

_MARK = "\ufeff"  # without it Excel takes UTF-8 for something else
_COLUMNS = (
    "email",
    "name",
    "section",
    "final_score",
    "score",
    "max_score",
    "report_score",
    "report_max_score",
    "total_score",
    "days_late",
    "late_days_used",
    "due_at",
    "received_at",
    "submissions",
    "newest_state",
    "counting",
)
# A cell that begins so is run as a formula by a spreadsheet, also behind spaces or in full-width characters.
_FORMULA = re.compile(r"[\s\0]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]")


def to_csv(rows: Iterable[GradebookRow], time_zone: str) -> str:
    """A table with a line of names; times are those of the course's zone."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    zone = ZoneInfo(time_zone)
    writer.writerows([_cell(getattr(row, column), zone) for column in _COLUMNS] for row in rows)
    return _MARK + out.getvalue()


def _cell(value: object, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    return f"'{text}" if isinstance(value, str) and is_dangerous(text) else text


def is_dangerous(text: str) -> bool:
    """Whether a spreadsheet might run it, or break a line at it."""
    return _FORMULA.match(text) is not None or text[:1] in ("\t", "\r", "\n")
