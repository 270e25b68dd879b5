"""Element by element: which values of two arrays of one shape differ by more than the tolerance.

A value is right if |actual - expected| <= atol + rtol * |expected|, or if both are NaN, or the same infinity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Mask = NDArray[np.bool_]

_CHUNK = 2**20  # values that are converted to float64 at once


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two arrays of one shape, compared.

    wrong:      bool array of that shape.
    count:      how many are wrong.
    max_error:  the largest finite |actual - expected| among the wrong ones; None if there is none.
    where:      the index of that error, else of the first wrong value; None if all are right.
    """

    wrong: Mask
    count: int
    max_error: float | None
    where: tuple[int, ...] | None


def widen(values: Array) -> Array:
    """`values` as float64, or as complex128 if they are complex."""
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)


def wrong_values(actual: Array, expected: Array, rtol: float, atol: float) -> Mask:
    """True where two arrays of one shape differ by more than the tolerance (integers: at all, if it is 0)."""
    with np.errstate(all="ignore"):
        wrong = np.asarray(actual != expected)
        if rtol == 0 and atol == 0 and actual.dtype.kind in "biu" and expected.dtype.kind in "biu":
            return wrong
        a, e = widen(actual), widen(expected)
        both_finite = np.isfinite(a) & np.isfinite(e)
        near = both_finite & (np.abs(a - e) <= atol + rtol * np.abs(e))
        return np.asarray(wrong & ~near & ~(np.isnan(a) & np.isnan(e)))


def compare(actual: Array, expected: Array, rtol: float, atol: float) -> Comparison:
    """Compare two arrays of one shape, in pieces, so that the conversion to float64 takes little memory."""
    shape = actual.shape
    a, e = actual.reshape(-1), expected.reshape(-1)
    wrong = np.zeros(a.shape, dtype=np.bool_)
    worst, where = None, None
    for piece in _pieces(a.size):
        wrong[piece] = wrong_values(a[piece], e[piece], rtol, atol)
        error, index = _largest_error(a[piece], e[piece], wrong[piece])
        if error is not None and (worst is None or error > worst):
            worst, where = error, piece.start + index
    count = int(np.count_nonzero(wrong))
    if count and where is None:
        where = int(np.argmax(wrong))
    position = None if where is None else tuple(int(i) for i in np.unravel_index(where, shape))
    return Comparison(wrong.reshape(shape), count, worst, position)


def _pieces(size: int) -> Iterator[slice]:
    for start in range(0, size, _CHUNK):
        yield slice(start, min(start + _CHUNK, size))


def _largest_error(a: Array, e: Array, wrong: Mask) -> tuple[float | None, int]:
    """The largest finite error among the wrong ones of one piece, and its index there."""
    if not wrong.any():
        return None, 0
    with np.errstate(all="ignore"):
        errors = np.abs(widen(a) - widen(e))
    errors[~(wrong & np.isfinite(errors))] = -1.0
    index = int(np.argmax(errors))
    return (float(errors[index]), index) if errors[index] >= 0 else (None, 0)
