"""What is probably wrong: known mistakes that explain how an array differs from the expected one.

    case.py       the two arrays, and what a diagnosis is
    magnitude.py  the right values up to a factor, an offset, a precision
    functions.py  the right values up to a function: softmax, square root, ReLU
    places.py     the right values elsewhere: transposed, flipped, shifted
    regions.py    right in some places only: a border, some rows

A diagnosis claims nothing that it has not verified on all values. No sentence holds an expected value.
"""

from __future__ import annotations

import numpy as np

from grader.spec.diagnosis import functions, magnitude, places, regions
from grader.spec.diagnosis.case import Case, Diagnosis

__all__ = ["MAX_DIAGNOSED", "Case", "Diagnosis", "diagnose"]

MAX_DIAGNOSED = 10**6  # values of an array that is looked at this closely

# The first that fits is told, so the special ones come before the general ones.
_DIAGNOSES = (
    magnitude.all_zero,
    magnitude.all_equal,
    magnitude.sign,
    magnitude.factor,
    functions.softmax,
    functions.relation,
    magnitude.integers,
    magnitude.offset,
    places.transposed,
    places.flipped,
    places.reshaped,
    places.shifted,
    places.reordered,
    functions.row_sums,
    magnitude.precision,
    regions.some_only,
    regions.border,
)


def diagnose(case: Case) -> Diagnosis | None:
    """The first known mistake that explains the difference; None if none does, or if the arrays are large."""
    if case.expected.size > MAX_DIAGNOSED:
        return None
    with np.errstate(all="ignore"):
        for candidate in _DIAGNOSES:
            found = candidate(case)
            if found is not None:
                return found
    return None
