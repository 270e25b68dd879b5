"""Two arrays of one shape that differ, and a mistake that may explain it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grader.spec.compare import Array, Mask, wrong_values


@dataclass(frozen=True)
class Diagnosis:
    """A mistake that explains a difference.

    id:       a short name, stable, for statistics.
    sentence: for the student; no expected value in it.
    places:   whether the sentence tells which values are wrong (for bools that gives the answer away).
    """

    id: str
    sentence: str
    places: bool = False


@dataclass(eq=False)
class Case:
    """What a diagnosis looks at.

    actual, expected:  float64 or complex128, of one shape, not empty.
    wrong:             bool, which values differ by more than rtol and atol.
    dtypes:            names of the actual and the expected dtype before the conversion.
    """

    actual: Array
    expected: Array
    wrong: Mask
    rtol: float
    atol: float
    dtypes: tuple[str, str]

    @cached_property
    def real(self) -> bool:
        """Whether all values are finite real numbers."""
        return not any(
            np.iscomplexobj(values) or not np.isfinite(values).all()
            for values in (self.actual, self.expected)
        )

    @cached_property
    def scale(self) -> float:
        """The largest finite absolute value that is expected."""
        sizes = np.abs(self.expected)
        return float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))

    @cached_property
    def varied(self) -> bool:
        """Whether the expected values differ visibly from each other."""
        return bool(np.any(np.abs(self.expected - self.expected.flat[0]) > 1e-3 * self.scale))

    def near(self, candidate: Array, expected: Array) -> bool:
        """Whether `candidate` is `expected` up to the tolerance, of which exact comparisons get a little."""
        if candidate.shape != expected.shape:
            return False
        rtol, atol = max(self.rtol, 1e-5), max(self.atol, 1e-6 * self.scale)
        return not wrong_values(candidate, expected, rtol, atol).any()


def about(value: float) -> str:
    """`value` with three digits at most, so that no expected value can be computed from it exactly."""
    return f"{float(f'{value:.3g}'):g}"
