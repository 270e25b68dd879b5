"""Whether two expressions mean the same, by their values at random points."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from grader.answers.evaluate import value
from grader.answers.evaluate_complex import complex_value
from grader.answers.formula import Call, Name, Tree

Domain = Literal["positive", "integer", "real"]
Point = Mapping[str, Decimal]

_POINTS = 40
_LEAST_POINTS = 8  # where the right expression has values
_NOISE = Decimal("1e-30")  # of a value that should be 0
_DOUBLE_NOISE = 1e-9  # of complex numbers
_DRAWS: dict[Domain, Callable[[random.Random], Decimal]] = {
    "positive": lambda rng: Decimal(rng.randint(5, 90_000)).scaleb(-4) + Decimal("0.001"),
    "integer": lambda rng: Decimal(rng.randint(1, 40)),
    "real": lambda rng: Decimal(rng.randint(-90_000, 90_000)).scaleb(-4),
}


class Comparison(NamedTuple):
    """How an expression differs from the right one.

    verdict:  "open": equal wherever both have a value, but it lacks one somewhere. "untestable": the right
              one has too few.
    """

    verdict: Literal["same", "different", "open", "untestable"]
    factor: bool = False  # the right one times a constant
    offset: bool = False  # the right one plus a constant
    undefined: bool = False  # without a value where the right one has one


def compare(
    given: Tree, right: Tree, variables: Sequence[str], domain: Domain, tolerance: float
) -> Comparison:
    """Compare at the same random points in every grading. `tolerance` is relative."""
    found = list(_values(given, right, variables, domain))
    if len(found) < _LEAST_POINTS:
        return Comparison("untestable")
    both = [(one, two) for _, one, two in found if one is not None]
    if not all(_near(one, two, Decimal(tolerance)) for one, two in both):
        return Comparison("different", factor=_has_factor(both), offset=_has_offset(both))
    rest = [(point, two) for point, one, two in found if one is None]
    return _by_complex_values(given, rest, tolerance) if rest else Comparison("same")


def _values(
    given: Tree, right: Tree, variables: Sequence[str], domain: Domain
) -> Iterator[tuple[Point, Decimal | None, Decimal]]:
    """Points where the right expression has a value, with the values of both."""
    rng = random.Random(0)  # noqa: S311 - points, no secrets
    for _ in range(_POINTS):
        point = {name: _DRAWS[domain](rng) for name in variables}
        expected = value(right, point)
        if expected is not None:
            yield point, value(given, point), expected


def _by_complex_values(given: Tree, rest: Sequence[tuple[Point, Decimal]], tolerance: float) -> Comparison:
    """Compare where the given expression has no real value."""
    if _has_hopeless_constant(given):
        return Comparison("different", undefined=True)
    values = [(complex_value(given, point), float(two)) for point, two in rest]
    known = [(one, two) for one, two in values if one is not None]
    noise = max(tolerance, _DOUBLE_NOISE)
    if any(abs(one - two) > noise * max(abs(one), abs(two), 1.0) for one, two in known):
        return Comparison("different", undefined=True)
    return Comparison("same") if len(known) == len(values) else Comparison("open", undefined=True)


def _has_hopeless_constant(tree: Tree) -> bool:
    """Whether a part without variables has no value, such as 1/0 and 9^9^9."""
    if not isinstance(tree, Call):
        return False
    if not _has_variable(tree):
        return value(tree, {}) is None and complex_value(tree, {}) is None
    return any(_has_hopeless_constant(argument) for argument in tree.arguments)


def _has_variable(tree: Tree) -> bool:
    if isinstance(tree, Call):
        return any(_has_variable(argument) for argument in tree.arguments)
    return isinstance(tree, Name) and not tree.is_constant


def _near(one: Decimal, two: Decimal, tolerance: Decimal) -> bool:
    return abs(one - two) <= max(tolerance * max(abs(one), abs(two)), _NOISE)


def _has_factor(pairs: Sequence[tuple[Decimal, Decimal]]) -> bool:
    ratios = [one / two for one, two in pairs if two]
    return len(ratios) >= _LEAST_POINTS and all(
        ratio and _near(ratio, ratios[0], Decimal("1e-9")) for ratio in ratios
    )


def _has_offset(pairs: Sequence[tuple[Decimal, Decimal]]) -> bool:
    differences = [one - two for one, two in pairs]
    return len(differences) >= _LEAST_POINTS and all(
        _near(difference, differences[0], Decimal("1e-9")) for difference in differences
    )
