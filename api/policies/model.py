"""The policy of an assignment: what `Assignment.policy` holds as JSON."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_validator, model_validator

from api.policies.times import Moment

_SUFFIX = re.compile(r"(\.[a-z0-9]{1,12}){1,2}")
_ONE_YEAR = 366


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LatePolicy(_Record):
    """What happens to work after the due date.

    none             it is not accepted.
    percent_per_day  each begun day takes `percent` of the earned points (0: late without deduction).
    late_days        each begun day takes one from the student's bank in this course (`Course.late_days`).
    """

    kind: Literal["none", "percent_per_day", "late_days"] = "none"
    percent: Annotated[FiniteFloat, Field(ge=0, le=100)] = 10.0
    grace_minutes: Annotated[int, Field(ge=0, le=24 * 60)] = 0  # by which each day of lateness begins later
    max_days: Annotated[int, Field(ge=1, le=_ONE_YEAR)] | None = None  # later than that: not accepted


class Policy(_Record):
    """The rules of one assignment. Times are kept in UTC."""

    opens_at: Moment | None = None
    due_at: Moment | None = None
    closes_at: Moment | None = None  # nothing is accepted after it, except within an extension
    late: LatePolicy = LatePolicy()
    submissions_per_period: Annotated[int, Field(ge=1, le=10_000)] | None = None  # None: any number
    period_hours: Annotated[FiniteFloat, Field(gt=0, le=24 * _ONE_YEAR)] = 24.0
    counts: Literal["best", "last", "chosen"] = "best"
    group_size: Annotated[int, Field(ge=1, le=50)] = 1
    accept: tuple[str, ...] = (".py", ".ipynb", ".zip", ".tar.gz", ".tgz", ".toml")  # ends of file names
    max_bytes: Annotated[int, Field(ge=1, le=1_000_000_000)] = 2_000_000
    max_files: Annotated[int, Field(ge=1, le=10_000)] = 200
    results: Literal["at_once", "after_due", "after_published"] = "at_once"
    newest_replaces_waiting: bool = False

    @field_validator("accept")
    @classmethod
    def _suffixes(cls, accept: tuple[str, ...]) -> tuple[str, ...]:
        if not accept:
            raise ValueError('name at least one kind of file, for example ".py"')
        for suffix in accept:
            if _SUFFIX.fullmatch(suffix) is None:
                raise ValueError(
                    f"{suffix[:40]!r} is no end of a file name: write it in lower case with its dot,"
                    ' as in ".py" or ".tar.gz"'
                )
        return tuple(dict.fromkeys(accept))

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        dates = [(name, getattr(self, name)) for name in ("opens_at", "due_at", "closes_at")]
        given = [(name, date) for name, date in dates if date is not None]
        for (first, start), (second, end) in pairwise(given):
            if start > end or (start == end and first == "opens_at"):
                raise ValueError(
                    f"{second} must be after {first}: it is {end.isoformat()}, that {start.isoformat()}"
                )
        return self

    @model_validator(mode="after")
    def _late_work_makes_sense(self) -> Self:
        if self.due_at is None and self.results == "after_due":
            raise ValueError('results "after_due" needs a due_at')
        late = self.closes_at is not None and self.due_at is not None and self.closes_at > self.due_at
        if late and self.late.kind == "none":
            raise ValueError(
                "closes_at is after due_at, but late work is not accepted: leave closes_at out, or choose"
                ' late.kind "percent_per_day" (with percent 0 for no deduction) or "late_days"'
            )
        return self
