"""Mark all that apply."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, FiniteFloat

from grader.answers.choice import WithOptions
from grader.answers.question import Outcome
from grader.answers.reading import text_of
from grader.errors import SubmissionError
from grader.scoring.model import TestStatus

_MOST_MARKS = 200
_MOST_EXPLANATION = 2000
_LINES = re.compile(r"[\n;]")
_WORD = re.compile(r"\w")
_Points = Annotated[FiniteFloat, Field(ge=0)]


class Marks(WithOptions):
    """Any number of options, each with an explanation where one is asked.

    each:               points for each right mark. None: all points, of which mistakes take some.
    minus_missing:      for each option that should have been marked.
    minus_extra:        for each mark too many.
    minus_unexplained:  for each mark without an explanation; above 0, explanations are asked.

    It never earns less than 0.
    """

    kind: Literal["marks"]
    each: Annotated[FiniteFloat, Field(gt=0)] | None = None
    minus_missing: _Points = 0.0
    minus_extra: _Points = 0.0
    minus_unexplained: _Points = 0.0

    how: ClassVar[str] = "a list of all options that apply"

    @property
    def explain(self) -> bool:
        """Whether explanations are asked."""
        return self.minus_unexplained > 0

    def read(self, given: Any) -> dict[str, str]:
        """The marked options, and why: {} or a list or text of options, or a table { option = "why" }."""
        marks: dict[str, str] = {}
        for name, why in _entries(given):
            key, reason = self._entry(name, why)
            marks[key] = marks.get(key, "") or reason
        return {key: marks[key] for key in self.options if key in marks}

    def _entry(self, name: str, why: str) -> tuple[str, str]:
        """In a list or text, "option: why" is one entry; an option with a colon of its own comes first."""
        key = self.find(name)
        before, colon, after = name.partition(":")
        if key is not None or not colon or why:
            return key or self.option(name), why
        return self.option(before), after.strip()

    def judge(self, answer: dict[str, str], right: dict[str, str]) -> Outcome:
        """Partial points."""
        missing = len(right.keys() - answer.keys())
        extra = len(answer.keys() - right.keys())
        unexplained = sum(not _WORD.search(why) for why in answer.values()) if self.explain else 0
        start = self.points if self.each is None else self.each * len(right.keys() & answer.keys())
        lost = self.minus_missing * missing + self.minus_extra * extra + self.minus_unexplained * unexplained
        score = round(min(max(start - lost, 0.0), self.points), 6)
        perfect = not (missing or extra or unexplained)
        status = TestStatus.PASSED if perfect else TestStatus.FAILED
        return Outcome(score, status, tuple(_hints(missing, extra, unexplained)))

    def form(self) -> Mapping[str, Any]:
        """The options, and whether explanations are asked."""
        return {**super().form(), "explain": self.explain}

    def show(self, answer: dict[str, str]) -> str:
        """One option per line where there are explanations."""
        if not any(answer.values()):
            return ", ".join(answer) or "nothing"
        return "\n".join(f"{key}: {why or '(no explanation)'}" for key, why in answer.items())


def _entries(given: Any) -> Iterator[tuple[str, str]]:
    """Names and explanations, as they were written."""
    if isinstance(given, str):
        text = text_of(given, _MOST_MARKS * _MOST_EXPLANATION)
        pieces = _LINES.split(text) if _LINES.search(text) or ":" in text else text.split(",")
        given = [piece for piece in pieces if piece.strip()]
    if not isinstance(given, list | tuple | dict):
        raise SubmissionError("Write a list of options.")
    if len(given) > _MOST_MARKS:
        raise SubmissionError(f"This list has {len(given)} entries; at most {_MOST_MARKS} are read.")
    if not isinstance(given, dict):
        yield from ((text_of(name, _MOST_EXPLANATION), "") for name in given)
        return
    for name, why in given.items():
        if why is not False:
            yield name, "" if why is True else text_of(why, _MOST_EXPLANATION)


def _hints(missing: int, extra: int, unexplained: int) -> Iterator[str]:
    if missing:
        yield "1 mark is missing." if missing == 1 else f"{missing} marks are missing."
    if extra:
        yield "1 mark is wrong." if extra == 1 else f"{extra} marks are wrong."
    if unexplained:
        yield f"{'1 mark has' if unexplained == 1 else f'{unexplained} marks have'} no explanation."
