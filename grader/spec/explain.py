"""Why a value is not the expected one, in sentences for the student.

    find(...)      every difference, as data          explain(...)   the sentences

What lets a student compute an expected value exactly is told only where the author lets them see it
(`show_expected`). Shapes, dtypes, keys and lengths are no secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from grader.spec.arrays import numeric_finding
from grader.spec.finding import Difference, Finding, plain
from grader.spec.values import describe, is_numeric, shape_of
from grader.text import one_line

_MOST_FINDINGS = 20  # in a container; the rest is neither examined nor counted
_MOST_TOLD = 2
_MOST_KEYS = 5


def explain(
    actual: object,
    expected: object,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    show_expected: bool = False,
    exact_dtype: bool = False,
) -> tuple[str, ...]:
    """Sentences on how `actual` differs from `expected`, the most useful first; () if they are close.

    rtol and atol default to the tolerance of the dtypes (`values.tolerances`).
    """
    return sentences(find(actual, expected, rtol, atol, exact_dtype), show_expected)


def sentences(findings: Sequence[Finding], show_expected: bool) -> tuple[str, ...]:
    """The sentences of the first findings, each with its place in the container."""
    told: list[str] = []
    for finding in findings[:_MOST_TOLD]:
        lines = finding.shown if show_expected else finding.hidden
        told += [f"In item {finding.path}: {line}" if finding.path else line for line in lines]
    rest = len(findings) - _MOST_TOLD
    if rest > 0:
        more = "at least " if len(findings) == _MOST_FINDINGS else ""
        told.append(f"And {more}{rest} more {'item is' if rest == 1 else 'items are'} wrong.")
    return tuple(told)


def find(
    actual: object,
    expected: object,
    rtol: float | None = None,
    atol: float | None = None,
    exact_dtype: bool = False,
) -> tuple[Finding, ...]:
    """Every difference between two values, walking down lists, tuples and dicts; () if they are close."""
    walk = _Walk(rtol, atol, exact_dtype)
    return tuple(islice(walk.differences(actual, expected, ""), _MOST_FINDINGS))


class _Walk:
    """Walks down the expected value, so that its depth and size bound the work."""

    def __init__(self, rtol: float | None, atol: float | None, exact_dtype: bool) -> None:
        self._how = (rtol, atol, exact_dtype)

    def differences(self, actual: Any, expected: object, path: str) -> Iterator[Finding]:
        """The findings at `path` and below. A remote object is replaced by a copy of its data."""
        if getattr(type(actual), "__tensorgrade_remote__", False):
            actual = actual.value
        if is_numeric(expected) and is_numeric(actual):
            finding = numeric_finding(actual, expected, *self._how)
            if finding is not None:
                yield Finding(finding.difference, finding.hidden, finding.shown, path)
        elif isinstance(expected, dict) and isinstance(actual, dict):
            yield from self._in_dict(actual, expected, path)
        elif isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
            yield from self._in_sequence(actual, expected, path)
        else:
            yield from _other(actual, expected, path)

    def _in_dict(
        self, actual: Mapping[Any, Any], expected: Mapping[Any, Any], path: str
    ) -> Iterator[Finding]:
        missing = [key for key in expected if key not in actual]
        unexpected = [key for key in islice(actual, len(expected) + _MOST_KEYS) if key not in expected]
        texts = [
            f"{text} {_keys(keys)}."
            for text, keys in (("Missing:", missing), ("Unexpected:", unexpected))
            if keys
        ]
        if texts:
            yield plain(Difference(None, None, diagnosis="keys"), *texts, path=path)
        for key in expected:
            if key in actual:
                yield from self.differences(actual[key], expected[key], f"{path}[{_key(key)}]")

    def _in_sequence(self, actual: Sequence[Any], expected: Sequence[Any], path: str) -> Iterator[Finding]:
        if len(actual) != len(expected):
            text = f"Got {describe(actual)} where {len(expected)} are expected."
            yield plain(Difference(None, None, diagnosis="length"), text, path=path)
            return
        for index, (a, e) in enumerate(zip(actual, expected, strict=True)):
            yield from self.differences(a, e, f"{path}[{index}]")


def _keys(keys: Sequence[object]) -> str:
    more = ", ..." if len(keys) > _MOST_KEYS else ""
    return ", ".join(_key(key) for key in keys[:_MOST_KEYS]) + more


def _key(key: object) -> str:
    """`key` as the student would write it; a long or strange one is only described."""
    if isinstance(key, str | bytes):
        return one_line(repr(key[:60]), 60)
    short = isinstance(key, bool | float | None) or (isinstance(key, int) and abs(key) < 10**20)
    return repr(key) if short else describe(key)


def _other(actual: object, expected: object, path: str) -> Iterator[Finding]:
    """Values of different kinds, and values that are not numeric."""
    if type(actual) is not type(expected) or is_numeric(expected):
        shapes = [shape_of(value) if is_numeric(value) else None for value in (actual, expected)]
        hint = ": is a `return` missing?" if actual is None else "."
        text = f"Got {describe(actual)} where {describe(expected)} is expected{hint}"
        yield plain(Difference(shapes[0], shapes[1], diagnosis="type"), text, path=path)
    elif actual != expected:
        hidden = f"The {describe(expected, article=False)} is wrong."
        shown = f"Got {_key(actual)}, expected {_key(expected)}."
        yield Finding(Difference(None, None), (hidden,), (shown,), path)
