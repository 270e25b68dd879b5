"""Questions with options to choose from, and free text."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, NoReturn

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

    @cached_property
    def _by_name(self) -> Mapping[str, str]:
        """Keys by key and label, folded."""
        return {_folded(name): key for key, label in self.options.items() for name in (key, label)}

    def find(self, given: str) -> str | None:
        """The key of the option that a text names, by key or label; None if it names none."""
        return self._by_name.get(_folded(given))

    def option(self, given: str) -> str:
        """The same, for a text that has to name one.

        Raises:
            SubmissionError: it does not; the text lists the options, or the one that was probably meant.
        """
        key = self.find(given)
        if key is None:
            self._refuse(given)
        return key

    def _refuse(self, given: str) -> NoReturn:
        """Comparing with every option is dear: only for the one sentence that ends the reading."""
        near = difflib.get_close_matches(_folded(given)[:100], [_folded(key) for key in self.options], 1)
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

    missing_penalty: what it costs not to answer, or so that it cannot be read.
    message:         what they read beside the deduction for a costly option.
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

    def why(self, answer: str | None) -> str:
        """What is read beside what it costs."""
        return self.message if answer is not None else f"`{self.key}` is not answered, or cannot be read."


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
