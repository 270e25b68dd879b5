"""How one numeric value differs from the expected one."""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.spec.compare import Array, Comparison, Mask, compare, widen
from grader.spec.diagnosis import MAX_DIAGNOSED, Case, Diagnosis, diagnose
from grader.spec.finding import Difference, Finding, plain
from grader.spec.shapes import shape_sentences
from grader.spec.values import Numeric, dtype_of, is_exact, load, same_dtype, shape_of, tolerances

# Of fewer values, or of integers, a rounded error and the student's own value may give the answer away.
_FEWEST_FOR_ERROR = 8
_MOST_PLACES = 3


def numeric_finding(
    actual: Numeric, expected: Numeric, rtol: float | None, atol: float | None, exact_dtype: bool
) -> Finding | None:
    """The difference between two numeric values; None if they are close."""
    shapes = shape_of(actual), shape_of(expected)
    if shapes[0] != shapes[1]:
        return plain(Difference(*shapes, diagnosis="shape"), *shape_sentences(*shapes))
    dtypes = dtype_of(actual), dtype_of(expected)
    defaults = tolerances(*dtypes)
    limits = defaults[0] if rtol is None else rtol, defaults[1] if atol is None else atol
    a, e = load(actual), load(expected)
    comparison = compare(a, e, *limits)
    if comparison.count:
        return _values_finding(a, e, comparison, dtypes, limits)
    if exact_dtype and not same_dtype(*dtypes):
        return plain(
            Difference(*shapes, 0.0, diagnosis="dtype"),
            f"Got dtype {dtypes[0]} where {dtypes[1]} is expected.",
        )
    return None


def _values_finding(
    actual: Array,
    expected: Array,
    comparison: Comparison,
    dtypes: tuple[str, str],
    limits: tuple[float, float],
) -> Finding:
    not_finite = _not_finite(actual, expected, comparison)
    diagnosis = None if not_finite else _diagnosis(actual, expected, comparison, dtypes, limits)
    difference = Difference(
        actual.shape,
        expected.shape,
        comparison.count / actual.size,
        comparison.max_error,
        comparison.where,
        not_finite[0].id if not_finite else diagnosis.id if diagnosis else "values",
    )
    told = [*not_finite, *([diagnosis] if diagnosis else [])]
    hidden = [item.sentence for item in told if not (item.places and dtypes[1] == "bool")]
    hidden.append(_extent(comparison))
    shown = [item.sentence for item in told if item.sentence not in hidden]
    (shown if is_exact(dtypes[1]) or actual.size < _FEWEST_FOR_ERROR else hidden).extend(_error(comparison))
    return Finding(difference, tuple(hidden), (*hidden, *shown, *_places(actual, expected, comparison)))


def _diagnosis(
    actual: Array,
    expected: Array,
    comparison: Comparison,
    dtypes: tuple[str, str],
    limits: tuple[float, float],
) -> Diagnosis | None:
    if actual.size > MAX_DIAGNOSED:
        return None  # before the conversion, which takes memory
    a, e = widen(actual), widen(expected)
    return diagnose(Case(a, e, comparison.wrong, *limits, dtypes))


def _not_finite(actual: Array, expected: Array, comparison: Comparison) -> list[Diagnosis]:
    """Sentences about NaN and infinity where neither is expected."""
    if actual.dtype.kind not in "fc":
        return []
    found = []
    for name, test, cause in (
        ("NaN", np.isnan, "0/0, inf - inf, or the log or root of a negative number?"),
        ("infinite", np.isinf, "a division by 0, log(0), or the exp of a large number?"),
    ):
        places = test(actual) & comparison.wrong
        count = int(np.count_nonzero(places))
        if count:
            first = [int(i) for i in np.unravel_index(int(np.argmax(places)), places.shape)]
            where = f", the first at {first}" if first else ""
            subject = _count(count, actual.size)
            identity = "nan" if name == "NaN" else "inf"
            found.append(
                Diagnosis(identity, f"{subject} {'is' if count == 1 else 'are'} {name}{where}: {cause}")
            )
    return found


def _count(count: int, size: int) -> str:
    """The subject of a sentence: "3 of 40 values", "All 40 values", "The value"."""
    if size == 1:
        return "The value"
    return f"All {size} values" if count == size else f"{count} of {size} values"


def _extent(comparison: Comparison) -> str:
    """How many values are wrong."""
    count, size = comparison.count, comparison.wrong.size
    sentence = f"{_count(count, size)} {'is' if count == 1 else 'are'} wrong"
    return f"{sentence} ({_percent(count / size)})." if count < size else f"{sentence}."


def _error(comparison: Comparison) -> list[str]:
    """By how much the worst value is wrong; nothing for a single value, where `_places` says as much."""
    if comparison.max_error is None or not comparison.where or comparison.wrong.size == 1:
        return []
    return [f"The largest error is about {comparison.max_error:.2g}, at {list(comparison.where)}."]


def _percent(fraction: float) -> str:
    percent = 100 * fraction
    if percent < 1:
        return "less than 1 %"
    return f"{min(round(percent), 99)} %"


def _places(actual: Array, expected: Array, comparison: Comparison) -> list[str]:
    """The actual and the expected value at the worst place and the first wrong ones."""
    first = [tuple(int(i) for i in np.unravel_index(i, actual.shape)) for i in _first(comparison.wrong)]
    worst = [] if comparison.where is None else [comparison.where]
    places = list(dict.fromkeys([*worst, *first]))[:_MOST_PLACES]
    return [_place(place, actual[place], expected[place]) for place in places]


def _first(wrong: Mask) -> list[int]:
    """The flat indices of the first wrong values, without the memory that all of them would take."""
    flat, found, start = wrong.reshape(-1), list[int](), 0
    while len(found) < _MOST_PLACES and flat[start:].any():
        found.append(start + int(np.argmax(flat[start:])))
        start = found[-1] + 1
    return found


def _place(place: tuple[int, ...], actual: Any, expected: Any) -> str:
    where = f"At {list(place)}: got" if place else "Got"
    return f"{where} {_number(actual)}, expected {_number(expected)}."


def _number(value: Any) -> str:
    return f"{value:.6g}" if value.dtype.kind in "fc" else str(value)
