"""What a comparison found, as data: how one value differs, and how to say so."""

from __future__ import annotations

from dataclasses import dataclass

from grader.spec.values import Shape


@dataclass(frozen=True)
class Difference:
    """How a value differs from the expected one. For staff: the exact numbers may tell the expected value.

    shape_actual, shape_expected:  None where that value is not numeric.
    wrong_fraction:  0 to 1; 1.0 where type or shape differ.
    max_abs_error:   the largest finite |actual - expected| among the wrong values; None if there is none.
    where:           the index of that error, or of the first wrong value.
    diagnosis:       "type", "keys", "length", "shape", "dtype", "nan", "inf", "values", "equal" (under `!=`),
                     or the id of a `diagnosis.Diagnosis`.
    """

    shape_actual: Shape | None
    shape_expected: Shape | None
    wrong_fraction: float = 1.0
    max_abs_error: float | None = None
    where: tuple[int, ...] | None = None
    diagnosis: str = "values"


@dataclass(frozen=True)
class Finding:
    """One difference, and its sentences for the student, the most useful first.

    path:    where in a container: "[1]['weight']"; "" for the value itself.
    hidden:  sentences that hold no expected value.
    shown:   the same, then more: expected values too.
    """

    difference: Difference
    hidden: tuple[str, ...]
    shown: tuple[str, ...]
    path: str = ""


def plain(difference: Difference, *sentences: str, path: str = "") -> Finding:
    """A finding that has nothing to hide."""
    return Finding(difference, sentences, sentences, path)
