"""The right values up to a sign, a factor, an offset or a precision; or no values at all."""

from __future__ import annotations

import math

import numpy as np

from grader.spec.diagnosis.case import Case, Diagnosis, about
from grader.spec.values import is_exact

# Factors that tell where they come from.
_TELLING = {
    math.log2(math.e): "log2 where the natural logarithm is asked?",
    math.log10(math.e): "log10 where the natural logarithm is asked?",
    math.log(2): "the natural logarithm where log2 is asked?",
    math.log(10): "the natural logarithm where log10 is asked?",
    math.pi: "a factor pi too many?",
    180 / math.pi: "degrees where radians are asked?",
    math.pi / 180: "radians where degrees are asked?",
    255.0: "pixel values from 0 to 255 where 0 to 1 is asked?",
    1 / 255: "pixel values from 0 to 1 where 0 to 255 is asked?",
    100.0: "a percentage where a fraction is asked?",
    0.01: "a fraction where a percentage is asked?",
    2.0: "counted twice, or is a factor 1/2 missing?",
    0.5: "halved, or is a factor 2 missing?",
}


def all_zero(case: Case) -> Diagnosis | None:
    """Nothing was filled in."""
    if case.actual.any() or case.expected.size < 2:
        return None
    return Diagnosis("all_zero", "All values are 0: were they ever filled in or computed?")


def all_equal(case: Case) -> Diagnosis | None:
    """One value everywhere where different ones are expected."""
    if case.actual.size < 2 or not case.varied or not np.isfinite(case.actual).all():
        return None
    if np.any(case.actual != case.actual.flat[0]):
        return None
    return Diagnosis("all_equal", "All values are equal, although they should differ.")


def sign(case: Case) -> Diagnosis | None:
    """Minus the right values."""
    if case.dtypes[1] == "bool":
        if np.array_equal(1 - case.actual, case.expected):
            return Diagnosis("inverted", "True and False are swapped.")
        return None
    if case.near(-case.actual, case.expected):
        return Diagnosis("sign", "The sign is flipped: minus these values would be right.")
    return None


def factor(case: Case) -> Diagnosis | None:
    """A constant multiple of the right values."""
    k = _fitted_factor(case)
    if k is None or 0.99 < abs(k) < 1.01 or not case.near(case.actual / k, case.expected):
        return None
    if not _has_spread(case) and not _is_round(k):
        return None  # any single value is a multiple of any other
    subject = "The value is" if case.expected.size == 1 else "All values are"
    return Diagnosis("factor", f"{subject} about {_times(k)}{_origin(k)}")


def _fitted_factor(case: Case) -> float | None:
    """The k for which actual = k * expected fits best."""
    if not case.real or not case.scale:
        return None
    unit = case.expected / case.scale  # so that no square overflows
    k = float(np.sum(case.actual / np.sum(unit * unit) * unit)) / case.scale
    return k if math.isfinite(k) and k != 0 and abs(k * case.scale) > case.atol else None


def _has_spread(case: Case) -> bool:
    """Whether the expected values are enough evidence for a factor of any size."""
    sizable = np.count_nonzero(np.abs(case.expected) > 1e-3 * case.scale)
    return bool(sizable >= 2 and case.varied)


def _is_round(k: float) -> bool:
    """Whether k is one of the telling factors, or an integer, or one over an integer."""
    if any(math.isclose(k, known, rel_tol=1e-5) for known in _TELLING):
        return True
    return _integer(k) is not None or _integer(1 / k) is not None


def _integer(k: float) -> int | None:
    """k as an integer from 2 to 1024, if it is one up to rounding."""
    whole = round(k) if abs(k) < 2000 else 0
    return whole if 2 <= whole <= 1024 and math.isclose(k, whole, rel_tol=1e-5) else None


def _times(k: float) -> str:
    if k < 0:
        return f"{about(k)} times what is expected"
    if k > 1:
        return f"{about(k)} times too large"
    return f"{about(1 / k)} times too small"


def _origin(k: float) -> str:
    """ ": a sum where a mean is asked?", or a full stop where nothing is known about the factor."""
    for known, hint in _TELLING.items():
        if math.isclose(k, known, rel_tol=1e-4):
            return f": {hint}"
    if _integer(k):
        return ": a sum where a mean is asked?"
    if _integer(1 / k):
        return ": a mean where a sum is asked?"
    return _bessel(k) or "."


def _bessel(k: float) -> str | None:
    """Whether k is n / (n - 1) for a whole n, or its square root, or one over these."""
    larger = max(k, 1 / k)
    for ratio, noun in ((larger, "variance"), (larger**2, "standard deviation")):
        n = ratio / (ratio - 1) if 1.005 < ratio < 1.6 else 0.0
        if n and abs(n - round(n)) < 0.01:
            wrong, right = ("n - 1", "n") if k > 1 else ("n", "n - 1")
            return f": does the {noun} divide by {wrong} where {right} is asked (n = {round(n)})?"
    return None


def offset(case: Case) -> Diagnosis | None:
    """One constant added to all right values."""
    if not case.real or case.expected.size < 3 or not case.varied:
        return None
    constant = float(np.median(case.actual - case.expected))
    if abs(constant) <= 1e-2 * case.scale and _is_small(case, constant):
        return None  # `precision` says it better
    if not case.near(case.actual - constant, case.expected):
        return None
    direction = "large" if constant > 0 else "small"
    size = f"{abs(constant):.2g}"
    return Diagnosis(
        "offset",
        f"All values are too {direction} by one constant, about {size}: a bias missing, or added twice?",
    )


def _is_small(case: Case, error: float) -> bool:
    return abs(error) <= 10 * (case.atol + case.rtol * case.scale)


def integers(case: Case) -> Diagnosis | None:
    """Integers where fractions are expected."""
    if not is_exact(case.dtypes[0]) or is_exact(case.dtypes[1]) or not case.real:
        return None
    if np.array_equal(np.round(case.expected), case.expected):
        return None
    kind = "True and False" if case.dtypes[0] == "bool" else "integers"
    return Diagnosis(
        "integers",
        f"The values are {kind} where fractions are expected: an integer dtype, `//` or a rounding?",
    )


def precision(case: Case) -> Diagnosis | None:
    """Right but for the last digits."""
    if not case.real or not (case.rtol or case.atol):
        return None
    errors = np.abs(case.actual - case.expected)
    allowed = case.atol + case.rtol * np.abs(case.expected)
    if np.any(errors > 100 * allowed) or np.max(errors) > 0.02 * case.scale:
        return None
    if case.dtypes[0] in ("float16", "bfloat16"):
        return Diagnosis("precision", f"Right up to the precision of {case.dtypes[0]}: compute in float32.")
    return Diagnosis(
        "precision",
        "Nearly right, but not within the tolerance: a lower precision (float16?), an epsilon, "
        "or a slightly different formula?",
    )
