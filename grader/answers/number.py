"""Questions whose answer is a number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, FiniteFloat

from grader.answers.question import Outcome, Question
from grader.answers.reading import CONTEXT, decimal, plain, quoted, text_of
from grader.errors import SubmissionError

_VALUE = r"[+-]?[0-9.,][0-9., '_]*(?:[eE][+-]?[0-9]+)?"
_PARTS = re.compile(rf"({_VALUE})(?:/ *({_VALUE}))? *(.*)", re.DOTALL)  # a number or a fraction, and a unit
_CLOSE = 100  # times the tolerance

_Tolerance = Annotated[FiniteFloat, Field(ge=0)]


class Number(Question):
    """A number within a tolerance, in a unit if there is one.

    relative, absolute:  |given - right| may be the larger of absolute and relative * |right|.
    unit:                what the right answer is in; "" if it is a mere number.
    units:               further spellings and units, each in `unit`: { megabytes = 1, B = 1e-6 }.
    unit_required:       whether a number without its unit is refused.
    """

    kind: Literal["number"]
    relative: _Tolerance = 1e-3
    absolute: _Tolerance = 0.0
    unit: str = ""
    units: dict[str, Annotated[FiniteFloat, Field(gt=0)]] = Field({})
    unit_required: bool = False

    how: ClassVar[str] = "a number, such as 1200, -0.5, 3e-4 or 1/4"

    def read(self, given: Any) -> Decimal:
        """In `unit`; a fraction is one number divided by another."""
        if isinstance(given, int | float):
            return self._scaled(decimal(given), "")
        text = plain(text_of(given))
        parts = _PARTS.fullmatch(text)
        if parts is None:
            return self._scaled(decimal(text), "")
        top, bottom = decimal(parts[1]), decimal(parts[2] or 1)
        if not bottom:
            raise SubmissionError(f"{quoted(text)} divides by zero.")
        return self._scaled(CONTEXT.divide(top, bottom), parts[3])

    def _scaled(self, number: Decimal, unit: str) -> Decimal:
        if not unit and self.unit_required:
            raise SubmissionError(f"The unit is missing: write `{number:.10g} {self.unit}`, for example.")
        return CONTEXT.multiply(number, self._factor(unit)) if unit else number

    def _factor(self, unit: str) -> Decimal:
        known = {self.unit: 1.0, **self.units} if self.unit else self.units
        same = [unit] if unit in known else [name for name in known if name.casefold() == unit.casefold()]
        if len({known[name] for name in same}) == 1:
            return _exact(known[same[0]])
        if not known:
            raise SubmissionError(f"Write the number alone, without {quoted(unit)}.")
        listed = ", ".join(f"`{name}`" for name in known)
        raise SubmissionError(f"{quoted(unit)} is not a unit that is known here. Write one of {listed}.")

    def judge(self, answer: Decimal, right: Decimal) -> Outcome:
        """Within the tolerance."""
        error = abs(CONTEXT.subtract(answer, right))
        tolerance = max(_exact(self.absolute), CONTEXT.multiply(_exact(self.relative), abs(right)))
        if error <= tolerance:
            return self.verdict(True)
        if error <= CONTEXT.multiply(tolerance, Decimal(_CLOSE)) and error < abs(right) / 20:
            return self.verdict(False, "Close, but not close enough: give more digits, and round last.")
        if self.unit and _is_rescaled(answer, right, self.relative):
            return self.verdict(False, f"The digits are right: is it in {self.unit}?")
        return self.verdict(False, "This number is wrong.")

    def form(self) -> Mapping[str, Any]:
        """The unit, and its spellings."""
        return {"unit": self.unit, "units": [*filter(None, (self.unit,)), *self.units]}

    def show(self, answer: Decimal) -> str:
        """At most ten digits."""
        return f"{answer:.10g} {self.unit}".strip()


class Integer(Question):
    """A whole number, exactly."""

    kind: Literal["integer"]

    how: ClassVar[str] = "a whole number, such as 1200"

    def read(self, given: Any) -> int:
        """1200, "1 200", 1.2e3."""
        number = decimal(given)
        if number != number.to_integral_value():
            raise SubmissionError(f"{quoted(text_of(given))} is not a whole number.")
        return int(number)

    def judge(self, answer: int, right: int) -> Outcome:
        """Exactly."""
        return self.verdict(answer == right, "This number is wrong.")


def _exact(number: float) -> Decimal:
    """As its author wrote it: 0.001 is a thousandth."""
    return Decimal(repr(number))


def _is_rescaled(answer: Decimal, right: Decimal, tolerance: float) -> bool:
    """Whether one is a power of 10 or 1024 of the other, or 8 times it."""
    if not answer or not right:
        return False
    ratio = CONTEXT.divide(answer, right)
    factors = [Decimal(10) ** n for n in range(-12, 13)] + [Decimal(1024) ** n for n in (-3, -2, -1, 1, 2, 3)]
    factors += [Decimal(8), Decimal("0.125")]
    near = Decimal(min(tolerance, 0.01))
    return any(abs(CONTEXT.subtract(ratio, factor)) <= near * factor for factor in factors if factor != 1)
