"""The marks of a spec, each a pytest mark with a name that reads well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from grader.errors import SpecError
from grader.scoring.model import Visibility

if TYPE_CHECKING:
    from _pytest.mark.structures import MarkDecorator

DECLARED = {
    "points(n)": "what the test is worth; shared equally by the cases of a parametrized test",
    "visibility(kind)": "visible, hidden (default), after_due_date or after_published",
    "part(name)": "the part of the assignment that the points count for",
    "requires(*tests)": "skipped unless these tests passed",
    "timeout(seconds)": "patience for the whole test, instead of the assignment's",
    "slow": "runs in the slow stage: training",
    "gpu": "needs a GPU",
}

slow: MarkDecorator = pytest.mark.slow
gpu: MarkDecorator = pytest.mark.gpu


def points(n: float) -> MarkDecorator:
    """What the test is worth. Raises `SpecError` below 0."""
    if n < 0:
        raise SpecError(f"points({n}): points are not negative; a rule can deduct some.")
    return pytest.mark.points(n)


def visibility(kind: str) -> MarkDecorator:
    """What students see of the result: visible, hidden, after_due_date or after_published."""
    if kind not in list(Visibility):
        raise SpecError(f"visibility({kind!r}): one of {', '.join(Visibility)} is meant.")
    return pytest.mark.visibility(Visibility(kind))


def part(name: str) -> MarkDecorator:
    """The part that the points count for."""
    return pytest.mark.part(name)


def requires(*tests: str) -> MarkDecorator:
    """Skip the test unless these tests of the same assignment passed, every case of them."""
    return pytest.mark.requires(*tests)


def timeout(seconds: float) -> MarkDecorator:
    """How long the student's code may take in the whole test, wall time."""
    return pytest.mark.timeout(seconds)
