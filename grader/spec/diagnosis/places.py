"""The right values in other places."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from grader.spec.compare import Array
from grader.spec.diagnosis.case import Case, Diagnosis

_MOST_AXES = 4  # 24 permutations


def _permutations(values: Array) -> list[tuple[int, ...]]:
    """Every order of the axes but the given one."""
    if not 2 <= values.ndim <= _MOST_AXES:
        return []
    return list(permutations(range(values.ndim)))[1:]


def transposed(case: Case) -> Diagnosis | None:
    """Axes of one size are swapped."""
    for axes in _permutations(case.actual):
        if case.near(case.actual.transpose(axes), case.expected):
            return Diagnosis("transposed", _swapped(axes))
    return None


def _swapped(axes: tuple[int, ...]) -> str:
    moved = [i for i, axis in enumerate(axes) if i != axis]
    if len(axes) == 2:
        return "The result is transposed: rows and columns are swapped."
    if len(moved) == 2:
        return f"Axes {moved[0]} and {moved[1]} are swapped."
    return "The axes are in another order."


def flipped(case: Case) -> Diagnosis | None:
    """The order along an axis is reversed."""
    for axis in range(case.actual.ndim):
        if case.near(np.flip(case.actual, axis), case.expected):
            return Diagnosis("flipped", f"The order along axis {axis} is reversed.")
    if case.actual.ndim >= 2 and case.near(np.flip(case.actual, (-2, -1)), case.expected):
        return Diagnosis(
            "flipped",
            "The last two axes are both reversed: is a kernel flipped (convolution and cross-correlation)?",
        )
    return None


def reshaped(case: Case) -> Diagnosis | None:
    """The right values in the memory order of other axes."""
    flat = case.actual.reshape(-1)
    for axes in _permutations(case.expected):
        if case.near(flat, case.expected.transpose(axes).reshape(-1)):
            return Diagnosis(
                "reshaped",
                "The right values in the wrong places: a reshape or view where permute is needed?",
            )
    return None


def shifted(case: Case) -> Diagnosis | None:
    """The right values one place too early or too late along an axis."""
    for axis, size in enumerate(case.actual.shape):
        if size < 3:
            continue
        actual, expected = np.moveaxis(case.actual, axis, 0), np.moveaxis(case.expected, axis, 0)
        if case.near(expected[1:], expected[:-1]):
            continue  # constant along the axis: a shift would not show
        for when, a, e in (("late", actual[1:], expected[:-1]), ("early", actual[:-1], expected[1:])):
            if case.near(a, e):
                return Diagnosis("shifted", f"The values are one place too {when} along axis {axis}.")
    return None


def reordered(case: Case) -> Diagnosis | None:
    """The right values in any other order."""
    if not case.real or np.unique(case.expected).size < 3:
        return None
    if not case.near(np.sort(case.actual, axis=None), np.sort(case.expected, axis=None)):
        return None
    return Diagnosis("reordered", "The right values, but not in the right places: the order differs.")
