"""From tests and rules to points. Pure functions: the same tests in any order give the same total.

    part    = min(sum of its tests, its max_points), or 0 if a broken rule zeroes it
    total   = sum of parts - salvage penalty * their code - deductions of broken rules, not below 0

The code of a part is what is left of it once its written answers are counted: they cost nothing where code
is salvaged, also under a cap.
Points are rounded to 6 digits after the decimal point, at the end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from grader.assignment import Part
from grader.scoring.model import PartScore, RuleResult, TestResult

_DIGITS = 6


class Total(NamedTuple):
    """Points of a grading. `score` is None if a test has no verdict: such a grading is never a score."""

    score: float | None
    max_score: float
    parts: tuple[PartScore, ...]


class _Sum(NamedTuple):
    """One part, before rounding."""

    part: Part
    score: float | None
    max_score: float
    code: float = 0.0  # the share of the score that tests of code earned


def total(
    tests: Sequence[TestResult],
    parts: Sequence[Part] = (),
    rules: Sequence[RuleResult] = (),
    *,
    salvage_penalty: float = 0.0,
    allow_negative: bool = False,
) -> Total:
    """Add up a grading.

    tests:            each counts in its part; those without one make up the part "".
    parts:            caps and titles. One without tests is left out; one that only tests name has no cap.
    rules:            the broken ones. One that is broken in several places costs its points once.
    salvage_penalty:  fraction of the points earned by code that is lost, 0 to 1.
    allow_negative:   whether deductions may bring the total below 0.
    """
    zeroed = {name for rule in rules for name in rule.zero_parts}
    sums = [_sum(part, tests, part.name in zeroed) for part in _parts_in_use(tests, parts)]
    deducted = math.fsum(_costs(rules).values())
    lost = salvage_penalty * math.fsum(one.code for one in sums)
    score = _final([one.score for one in sums], lost + deducted, allow_negative)
    max_score = _rounded(math.fsum(one.max_score for one in sums))
    return Total(score, max_score, tuple(_part_score(one) for one in sums))


def _costs(rules: Sequence[RuleResult]) -> dict[str, float]:
    """What each broken rule costs, in however many places it is broken."""
    costs: dict[str, float] = {}
    for rule in rules:
        costs[rule.id] = max(costs.get(rule.id, 0.0), rule.points)
    return costs


def _parts_in_use(tests: Sequence[TestResult], parts: Sequence[Part]) -> list[Part]:
    """The declared parts that have tests in their order, then undeclared ones by name, then the part ""."""
    used = {test.part or "" for test in tests}
    declared = [part for part in parts if part.name in used]
    others = used - {part.name for part in declared}
    return declared + [Part(name=name) for name in sorted(others, key=lambda name: (not name, name))]


def _sum(part: Part, tests: Iterable[TestResult], zeroed: bool) -> _Sum:
    mine = [test for test in tests if (test.part or "") == part.name]
    cap = math.inf if part.max_points is None else part.max_points
    max_score = min(math.fsum(test.max_score for test in mine), cap)
    if not all(test.status.is_verdict for test in mine):
        return _Sum(part, None, max_score)
    if zeroed:
        return _Sum(part, 0.0, max_score)
    earned = min(math.fsum(test.score for test in mine), max_score)
    answers = min(math.fsum(test.score for test in mine if test.is_answer), max_score)
    return _Sum(part, earned, max_score, max(earned - answers, 0.0))


def _final(scores: Sequence[float | None], lost: float, allow_negative: bool) -> float | None:
    known = [score for score in scores if score is not None]
    if len(known) < len(scores):
        return None
    score = math.fsum(known) - lost
    return _rounded(score if allow_negative else max(score, 0.0))


def _part_score(one: _Sum) -> PartScore:
    score = None if one.score is None else _rounded(one.score)
    return PartScore(name=one.part.name, title=one.part.title, score=score, max_score=_rounded(one.max_score))


def _rounded(points: float) -> float:
    return round(points, _DIGITS) + 0.0  # no -0.0
