"""Sentences about a shape that is not the expected one. Shapes are no secret."""

from __future__ import annotations

import math

from grader.spec.values import Shape
from grader.text import one_line


def shape_sentences(actual: Shape, expected: Shape) -> tuple[str, ...]:
    """What is wrong with the shape, and what may be the cause."""
    got, wanted = _named(actual), _named(expected)
    hint = _hint(actual, expected)
    return (f"Got {got} where {wanted} is expected{': ' + hint if hint else '.'}",)


def _named(shape: Shape) -> str:
    return f"shape {one_line(str(shape), 200)}" if shape else "a single number"


def _hint(actual: Shape, expected: Shape) -> str:
    hints = (_broadcast, _size_one, _transposed, _reduced, _one_size, _rearranged)
    return next((found for hint in hints if (found := hint(actual, expected))), "")


def _broadcast(actual: Shape, expected: Shape) -> str:
    """(B, B) came out where (B,) or (B, 1) is expected."""
    sizes = [size for size in expected if size != 1]
    if len(actual) == 2 and len(sizes) == 1 and sizes[0] > 1 and actual == (sizes[0], sizes[0]):
        return f"({sizes[0]}, 1) and ({sizes[0]},) were broadcast against each other?"
    return ""


def _size_one(actual: Shape, expected: Shape) -> str:
    for longer, shorter, verb in (
        (actual, expected, "too many (squeeze)"),
        (expected, actual, "missing (unsqueeze)"),
    ):
        for axis, size in enumerate(longer):
            if size == 1 and longer[:axis] + longer[axis + 1 :] == shorter:
                return f"axis {axis} of size 1 is {verb}?"
    return ""


def _transposed(actual: Shape, expected: Shape) -> str:
    if sorted(actual) != sorted(expected):
        return ""
    return "transposed?" if actual == expected[::-1] else "are the axes in another order (permute)?"


def _reduced(actual: Shape, expected: Shape) -> str:
    """An axis is gone, or still there."""
    if expected and not actual:
        return "summed or averaged over too many axes?"
    if actual and not expected:
        return "is a sum or mean over all values missing?"
    gone, there = "is missing: indexed or reduced", "is still there: not reduced"
    for longer, shorter, text in ((expected, actual, gone), (actual, expected, there)):
        for axis, size in enumerate(longer):
            if longer[:axis] + longer[axis + 1 :] == shorter:
                return f"axis {axis} of size {size} {text}?"
    return ""


def _one_size(actual: Shape, expected: Shape) -> str:
    """All axes but one have the right size."""
    if len(actual) != len(expected):
        return ""
    axes = [i for i, (a, e) in enumerate(zip(actual, expected, strict=True)) if a != e]
    if len(axes) != 1:
        return ""
    axis, excess = axes[0], actual[axes[0]] - expected[axes[0]]
    noun = {1: "value", 2: "column" if axis else "row"}.get(len(expected), "index")
    if abs(excess) == 1:
        return f"one {noun} too {'many' if excess > 0 else 'few'} along axis {axis}?"
    return f"axis {axis} has size {actual[axis]} instead of {expected[axis]}."


def _rearranged(actual: Shape, expected: Shape) -> str:
    if math.prod(actual) != math.prod(expected):
        return ""
    return "as many values, otherwise arranged: is a reshape or flatten missing?"
