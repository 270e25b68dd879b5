"""Questions with options to choose from, and free text."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, FiniteFloat, model_validator

from grader.answers.question import Outcome, Question
from grader.answers.reading import quoted, text_of
from grader.errors import SubmissionError
from grader.scoring.model import TestStatus

_MOST_TEXT = 10_000
_LISTED = 8


def _labelled(options: Any) -> Any:
    """A list of options is a table whose keys are their own labels."""
    return {option: option for option in options} if isinstance(options, list | tuple) else options


_Options = Annotated[dict[str, str], BeforeValidator(_labelled), Field(min_length=2, max_length=100)]
_Points = Annotated[FiniteFloat, Field(ge=0)]


class WithOptions(Question):
    """options: a list of texts, or a table { key = "what students read" }."""

    options: _Options

    @model_validator(mode="after")
    def _options_differ(self) -> WithOptions:
        owners: dict[str, str] = {}
        for key, label in self.options.items():
            for name in (key, label):
                if owners.setdefault(_folded(name), key) != key:
                    raise ValueError(f"two options are called {name!r}, but for capital letters and spaces")
        return self

    def form(self) -> Mapping[str, Any]:
        """The options in their order."""
        return {"options": [{"key": key, "text": text} for key, text in self.options.items()]}

    def option(self, given: str) -> str:
        """The key of the option that a text names, by key or label.

        Raises:
            SubmissionError: none; the text lists the options, or the one that was probably meant.
        """
        wanted = _folded(given)
        for key, label in self.options.items():
            if wanted in (_folded(key), _folded(label)):
                return key
        near = difflib.get_close_matches(wanted[:100], [_folded(key) for key in self.options], 1)
        if near:
            meant = next(key for key in self.options if _folded(key) == near[0])
            raise SubmissionError(f"{quoted(given)} is not an option: did you mean `{meant}`?")
        more = ", …" if len(self.options) > _LISTED else ""
        listed = ", ".join(f"`{key}`" for key in list(self.options)[:_LISTED])
        raise SubmissionError(f"{quoted(given)} is not an option. The options are {listed}{more}.")


class Choice(WithOptions):
    """One of several options."""

    kind: Literal["choice"]

    how: ClassVar[str] = "one of the options"

    def read(self, given: Any) -> str:
        """The option's key."""
        return self.option(text_of(given))

    def judge(self, answer: str, right: str) -> Outcome:
        """Exactly."""
        return self.verdict(answer == right, "This is not the right option.")


class Honesty(WithOptions):
    """A declaration: whoever chooses an option of `costly` loses `penalty` points.

    missing_penalty: what it costs not to answer.
    message:         what they read beside the deduction.
    """

    kind: Literal["honesty"]
    points: Literal[0] = 0
    costly: Annotated[tuple[str, ...], Field(min_length=1)]
    penalty: _Points
    missing_penalty: _Points = 0.0
    message: str = "This declaration costs points."

    how: ClassVar[str] = "one of the options"

    @model_validator(mode="after")
    def _costly_are_options(self) -> Honesty:
        unknown = set(self.costly) - set(self.options)
        if unknown:
            raise ValueError(f"costly names {', '.join(sorted(unknown))}, which are no options")
        return self

    def read(self, given: Any) -> str:
        """The option's key."""
        return self.option(text_of(given))

    def judge(self, answer: str, right: str) -> Outcome:
        """Whether it costs nothing."""
        return self.verdict(answer not in self.costly, self.message)

    def costs(self, answer: str | None) -> float:
        """Points that an answer costs; None stands for one that is missing or cannot be read."""
        if answer is None:
            return self.missing_penalty
        return self.penalty if answer in self.costly else 0.0


class Text(Question):
    """Free text that somebody reads: no points before that."""

    kind: Literal["text"]
    most_characters: Annotated[int, Field(ge=1, le=_MOST_TEXT)] = 4000

    how: ClassVar[str] = "a text"

    @property
    def automatic_points(self) -> float:
        """None."""
        return 0.0

    def read(self, given: Any) -> str:
        """As it is."""
        return text_of(given, self.most_characters)

    def judge(self, answer: str, right: str) -> Outcome:
        """For somebody to read."""
        hint = f"Somebody reads this answer, and gives up to {self.points:g} points for it."
        return Outcome(0.0, TestStatus.WAITING, (hint,) if self.points else ("Somebody reads this answer.",))

    def form(self) -> Mapping[str, Any]:
        """How long it may be."""
        return {"most_characters": self.most_characters}


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
