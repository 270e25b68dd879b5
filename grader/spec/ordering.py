"""Which tests run in a stage, in which order, and what each is worth."""

from __future__ import annotations

from collections import Counter

import pytest

from grader.errors import SpecError
from grader.scoring.model import Visibility
from grader.spec.about import about

_LATER = {Visibility.AFTER_DUE_DATE, Visibility.AFTER_PUBLISHED}


def in_stage(item: pytest.Item, stage: str) -> bool:
    """Whether a test belongs to a stage: quick, slow or all."""
    return stage == "all" or (stage == "slow") == about(item).slow


def arrange(items: list[pytest.Item]) -> list[pytest.Item]:
    """Quick tests first, and each test after those it requires; otherwise as written.

    Raises:
        SpecError: a required test does not exist or is shown later, or two require each other.
    """
    waiting = sorted(items, key=lambda item: about(item).slow)
    _check_requirements(items)
    arranged: list[pytest.Item] = []
    while waiting:
        open_names = {about(item).function for item in waiting}
        ready = [item for item in waiting if open_names.isdisjoint(about(item).requires)]
        if not ready:
            raise SpecError(f"These tests require each other: {', '.join(sorted(open_names))}.")
        chosen = [item for item in ready if not about(item).slow] or ready
        arranged += chosen
        waiting = [item for item in waiting if item not in chosen]
    return arranged


def _check_requirements(items: list[pytest.Item]) -> None:
    """Required tests exist, and are not shown later than the test whose "skipped" would tell of them."""
    by_name: dict[str, list[pytest.Item]] = {}
    for item in items:
        by_name.setdefault(about(item).function, []).append(item)
    for item in items:
        for name in about(item).requires:
            if name not in by_name:
                raise SpecError(f"{item.nodeid} requires {name}, which does not exist.")
            withheld = {about(other).visibility for other in by_name[name]} & _LATER
            if withheld - {about(item).visibility}:
                raise SpecError(f"{item.nodeid} would tell the result of {name}, which is shown only later.")


def worth(items: list[pytest.Item]) -> dict[str, float]:
    """Points by test id: a parametrized test's points are shared equally by its cases."""
    cases = Counter(_function(item) for item in items)
    return {about(item).id: _points(item) / cases[_function(item)] for item in items}


def _function(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _points(item: pytest.Item) -> float:
    mark = item.get_closest_marker("points")
    return float(mark.args[0]) if mark else 0.0
