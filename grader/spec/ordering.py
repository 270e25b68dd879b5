"""Which tests run in a stage, in which order, and what each is worth."""

from __future__ import annotations

from collections import Counter

import pytest

from grader.errors import SpecError


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
        SpecError: a required test does not exist, or two require each other.
    """
    waiting = sorted(items, key=is_slow)
    known = {function_name(item) for item in items}
    for item in items:
        unknown = required(item) - known
        if unknown:
            raise SpecError(f"{item.nodeid} requires {', '.join(sorted(unknown))}, which does not exist.")
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


def worth(items: list[pytest.Item]) -> dict[str, float]:
    """Points by test id: a parametrized test's points are shared equally by its cases."""
    cases = Counter(_function(item) for item in items)
    return {test_id(item): _points(item) / cases[_function(item)] for item in items}


def _function(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _points(item: pytest.Item) -> float:
    mark = item.get_closest_marker("points")
    return float(mark.args[0]) if mark else 0.0
