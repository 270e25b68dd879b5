"""Questions whose answer is a shape."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, ClassVar, Literal

from grader.answers.question import Outcome, Question
from grader.answers.reading import decimal, plain, quoted, text_of
from grader.errors import SubmissionError

_MOST_AXES = 16
_MOST_SIZE = Decimal(10) ** 12
_BRACKETS = re.compile(r"(?:torch\.Size)? *\(?[(\[]?([^()\[\]]*)[)\]]?\)?", re.IGNORECASE)
_SEPARATOR = re.compile(r" *[xX*,;] *| +")


class Shape(Question):
    """A tuple of whole numbers: 28x28x10, (28, 28, 10), [28, 28, 10]."""

    kind: Literal["shape"]

    how: ClassVar[str] = "a shape, such as 28x28x10 or (28, 28, 10)"

    def read(self, given: Any) -> tuple[int, ...]:
        """From a list, or a text of numbers between x, * or commas."""
        sizes = given if isinstance(given, list | tuple) else _pieces(given)
        if len(sizes) > _MOST_AXES:
            raise SubmissionError(f"This shape has {len(sizes)} axes; at most {_MOST_AXES} are read.")
        return tuple(_size(size) for size in sizes)

    def judge(self, answer: tuple[int, ...], right: tuple[int, ...]) -> Outcome:
        """Exactly; hints name the axes."""
        return self.verdict(answer == right, *_differences(answer, right))

    def show(self, answer: tuple[int, ...]) -> str:
        """28 x 28 x 10."""
        return " x ".join(map(str, answer))


def _pieces(given: Any) -> list[str]:
    text = plain(text_of(given))
    inside = _BRACKETS.fullmatch(text)
    if inside is None:
        raise SubmissionError(f"{quoted(text)} is not a shape. Write it as 28x28x10 or (28, 28, 10).")
    return _SEPARATOR.split(inside[1].strip().rstrip(",").strip())


def _size(given: Any) -> int:
    number = decimal(given)
    if number != number.to_integral_value() or not 0 <= number <= _MOST_SIZE:
        raise SubmissionError(f"{quoted(text_of(given))} is not a size: a whole number from 0 on.")
    return int(number)


def _differences(answer: tuple[int, ...], right: tuple[int, ...]) -> tuple[str, ...]:
    if len(answer) != len(right):
        axes = "1 axis" if len(answer) == 1 else f"{len(answer)} axes"
        return (f"It has {axes}, which is not the right number of them.",)
    if sorted(answer) == sorted(right):
        return ("The sizes are right, but not their order.",)
    wrong = [axis for axis, (one, two) in enumerate(zip(answer, right, strict=True)) if one != two]
    if len(wrong) == len(right):
        return ("Every axis is wrong." if len(right) > 1 else "This size is wrong.",)
    listed = " and ".join(map(str, wrong))
    return (f"Wrong along {'axis' if len(wrong) == 1 else 'axes'} {listed}, counted from 0.",)
