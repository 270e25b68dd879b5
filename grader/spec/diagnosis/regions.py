"""Right in some places only."""

from __future__ import annotations

import numpy as np

from grader.spec.compare import Mask
from grader.spec.diagnosis.case import Case, Diagnosis

_NAMES = {1: ("position",), 2: ("row", "column"), 4: ("batch item", "channel", "row", "column")}
_MOST_LISTED = 3
_DENSE = 0.5  # share of wrong values from which a row or a border counts as wrong


def border(case: Case) -> Diagnosis | None:
    """Wrong only in the outermost rows and columns, on all four sides, and there mostly wrong."""
    if case.wrong.ndim < 2:
        return None
    for width in (1, 2, 3):
        if min(case.wrong.shape[-2:]) <= 2 * width:
            return None
        inner = (..., slice(width, -width), slice(width, -width))
        outside = case.wrong.size - case.wrong[inner].size
        dense = np.count_nonzero(case.wrong) >= _DENSE * outside
        if dense and not case.wrong[inner].any() and _on_all_sides(case.wrong, width):
            return Diagnosis(
                "border",
                f"Only the border of the last two axes is wrong ({width} wide): the padding?",
                places=True,
            )
    return None


def _on_all_sides(wrong: Mask, width: int) -> bool:
    first, last = slice(None, width), slice(-width, None)
    sides = (wrong[..., first, :], wrong[..., last, :], wrong[..., first], wrong[..., last])
    return all(side.any() for side in sides)


def some_only(case: Case) -> Diagnosis | None:
    """Wrong only in some rows, columns, batch items or channels, and there mostly wrong."""
    for axis in range(case.wrong.ndim):
        others = tuple(i for i in range(case.wrong.ndim) if i != axis)
        bad = np.flatnonzero(case.wrong.any(axis=others))
        size = case.wrong.shape[axis]
        if size < 3 or not 0 < len(bad) < size:
            continue
        if case.wrong.take(bad, axis=axis).mean() < _DENSE:
            continue
        sentence = _sentence([int(i) for i in bad], size, axis, case.wrong.ndim)
        if sentence:
            return Diagnosis("some_only", sentence, places=True)
    return None


def _sentence(bad: list[int], size: int, axis: int, ndim: int) -> str | None:
    good = sorted(set(range(size)) - set(bad))
    return _at_an_end(bad, good, axis, ndim) or _listed(bad, good, axis, ndim)


def _at_an_end(bad: list[int], good: list[int], axis: int, ndim: int) -> str | None:
    """A single index, the first or the last, is right or wrong: that hints at a loop."""
    last = len(bad) + len(good) - 1
    hints = (
        (good, 0, "is right: are the others left out, or is a loop left early?"),
        (good, last, "(the last) is right: is the result overwritten in a loop?"),
        (bad, 0, "is wrong: an off-by-one?"),
        (bad, last, "(the last) is wrong: an off-by-one?"),
    )
    for indices, end, text in hints:
        if indices == [end]:
            return f"Only {_name([end], axis, ndim)} {text}"
    return None


def _listed(bad: list[int], good: list[int], axis: int, ndim: int) -> str | None:
    """Few indices are wrong, few are right, or all from one on are wrong."""
    most = min(_MOST_LISTED, (len(bad) + len(good)) // 2)
    if len(bad) <= most and ndim > 1:  # in one dimension the places of the wrong values say as much
        return f"Only {_name(bad, axis, ndim)} {_be(bad)} wrong."
    if len(good) <= most:
        return f"Only {_name(good, axis, ndim)} {_be(good)} right."
    if bad == list(range(len(good), len(good) + len(bad))):
        return f"Right up to {_name([len(good) - 1], axis, ndim)}, wrong from there on."
    return None


def _name(indices: list[int], axis: int, ndim: int) -> str:
    """ "row 3", "channels 0 and 2", "indices 1, 2 and 5 of axis 0"."""
    listed = ", ".join(str(i) for i in indices[:-1])
    numbers = f"{listed} and {indices[-1]}" if listed else str(indices[-1])
    plural = len(indices) > 1
    if ndim in _NAMES:
        return f"{_NAMES[ndim][axis]}{'s' if plural else ''} {numbers}"
    return f"{'indices' if plural else 'index'} {numbers} of axis {axis}"


def _be(indices: list[int]) -> str:
    return "is" if len(indices) == 1 else "are"
