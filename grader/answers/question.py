"""What the questions of every kind have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from grader.scoring.model import TestStatus, Visibility


@dataclass(frozen=True)
class Outcome:
    """What an answer earns.

    score:   points, from 0 to the question's.
    status:  passed, failed, or waiting for somebody to read it.
    hints:   how it is wrong, for every student: never the right answer.
    """

    score: float
    status: TestStatus
    hints: tuple[str, ...] = ()


class Mistake(BaseModel):
    """A wrong answer that is known, and what to say to those who give it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer: Any
    hint: Annotated[str, Field(min_length=1)]


class Question(BaseModel, ABC):
    """One table of questions.toml. Subclasses add what their kind needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]  # its name in answers.toml
    text: Annotated[str, Field(min_length=1)]  # what is asked
    points: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    part: str | None = None
    visibility: Visibility = Visibility.HIDDEN
    also: tuple[Any, ...] = ()  # further right answers
    mistakes: tuple[Mistake, ...] = ()

    how: ClassVar[str] = ""  # how to write an answer, for students

    @property
    def automatic_points(self) -> float:
        """What it is worth before anybody reads it."""
        return self.points

    @abstractmethod
    def read(self, given: Any) -> Any:
        """The answer that a TOML value or the text of a form stands for.

        Raises:
            SubmissionError: it is none; the text says what to write instead, without naming the question.
        """

    @abstractmethod
    def judge(self, answer: Any, right: Any) -> Outcome:
        """What `answer` earns, where `right` is the right one. Both come from `read`."""

    def is_like(self, answer: Any, mistake: Any) -> bool:
        """Whether an answer is a known mistake."""
        return self.judge(answer, mistake).status is TestStatus.PASSED

    def form(self) -> Mapping[str, Any]:
        """What a form has to know beside the common fields: JSON-able, and nothing of the right answer."""
        return {}

    def show(self, answer: Any) -> str:
        """An answer in words."""
        return str(answer)

    def verdict(self, right: bool, *hints: str) -> Outcome:
        """All points, or none and why."""
        if right:
            return Outcome(self.points, TestStatus.PASSED)
        return Outcome(0.0, TestStatus.FAILED, hints)
