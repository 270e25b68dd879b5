"""Which tests run in a stage, in which order, and what each is worth."""

from __future__ import annotations

from collections import Counter

import pytest

from grader.errors import SpecError
from grader.scoring.model import Visibility

_LATER = {Visibility.AFTER_DUE_DATE, Visibility.AFTER_PUBLISHED}


def in_stage(item: pytest.Item, stage: str) -> bool:
    """Whether a test belongs to a stage: quick, slow or all."""
    return stage == "all" or (stage == "slow") == is_slow(item)


def is_slow(item: pytest.Item) -> bool:
    """Whether a test is marked slow or gpu."""
    return item.get_closest_marker("slow") is not None or item.get_closest_marker("gpu") is not None


def test_id(item: pytest.Item) -> str:
    """The test's id, the same from wherever pytest was started: "test_conv.py::test_forward[stride2]"."""
    return f"{item.path.name}::{item.nodeid.partition('::')[2]}"


def function_name(item: pytest.Item) -> str:
    """The test function's name without the case of a parametrization."""
    return getattr(item, "originalname", None) or item.name


def required(item: pytest.Item) -> set[str]:
    """The names of the tests that this one needs."""
    return {name for mark in item.iter_markers("requires") for name in mark.args}


def arrange(items: list[pytest.Item]) -> list[pytest.Item]:
    """Quick tests first, and each test after those it requires; otherwise as written.

    Raises:
        SpecError: a required test does not exist or is shown later, or two require each other.
    """
    waiting = sorted(items, key=is_slow)
    _check_requirements(items)
    arranged: list[pytest.Item] = []
    while waiting:
        open_names = {function_name(item) for item in waiting}
        ready = [item for item in waiting if not required(item) & open_names]
        if not ready:
            raise SpecError(f"These tests require each other: {', '.join(sorted(open_names))}.")
        chosen = [item for item in ready if not is_slow(item)] or ready
        arranged += chosen
        waiting = [item for item in waiting if item not in chosen]
    return arranged


def _check_requirements(items: list[pytest.Item]) -> None:
    """Required tests exist, and are not shown later than the test whose "skipped" would tell of them."""
    by_name: dict[str, list[pytest.Item]] = {}
    for item in items:
        by_name.setdefault(function_name(item), []).append(item)
    for item in items:
        for name in sorted(required(item)):
            if name not in by_name:
                raise SpecError(f"{item.nodeid} requires {name}, which does not exist.")
            withheld = {shown(other) for other in by_name[name]} & _LATER
            if withheld - {shown(item)}:
                raise SpecError(f"{item.nodeid} would tell the result of {name}, which is shown only later.")


def part_names(item: pytest.Item) -> set[str]:
    """The part that a test counts for; empty if it is in none."""
    mark = item.get_closest_marker("part")
    return {mark.args[0]} if mark else set()


def shown(item: pytest.Item) -> Visibility:
    """When students see the result."""
    mark = item.get_closest_marker("visibility")
    return Visibility(mark.args[0]) if mark else Visibility.HIDDEN


def worth(items: list[pytest.Item]) -> dict[str, float]:
    """Points by test id: a parametrized test's points are shared equally by its cases."""
    cases = Counter(_function(item) for item in items)
    return {test_id(item): _points(item) / cases[_function(item)] for item in items}


def _function(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _points(item: pytest.Item) -> float:
    mark = item.get_closest_marker("points")
    return float(mark.args[0]) if mark else 0.0
