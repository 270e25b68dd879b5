"""`close`: the comparison of specs, and the explanation when it fails.

assert trainer.loss() == close(0.25)
assert layer(x) == close(reference(x), rtol=1e-3)
assert layer(y) != close(layer(x).value)
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from grader.errors import SpecError
from grader.spec.explain import find, sentences
from grader.spec.finding import Difference, Finding, plain
from grader.spec.values import MAX_VALUES, describe, is_numeric, shape_of

_LAST = deque[tuple[Finding, ...]](maxlen=1)  # what failed last, for the plugin


class close:  # noqa: N801 - reads as a word in specs, like pytest.approx
    """Equal to anything of the same structure and shape whose numbers are within the tolerance of `expected`.

    expected:     a tensor, an array, a number, a bool; None and strings are compared exactly;
                  or lists, tuples and dicts of these, nested. A list equals a tuple of equal items.
    rtol, atol:   |actual - expected| <= atol + rtol * |expected|. Default by dtype: integers and bools exact,
                  float32 and Python's numbers 1e-4 and 1e-5, float64 both 1e-7, half precision both 1e-2.
    exact_dtype:  also ask for the same dtype; else only the values and the shape count. NaN equals NaN.

    After a comparison that failed, `explanation` says why without expected values; `findings` is the data.

    Raises:
        SpecError: `expected` cannot be compared, or has more than 10^8 values; a tolerance is negative.
    """

    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None  # numpy leaves `array == close(...)` to this class
    __tensorgrade_comparison__ = True  # so do remote objects

    def __init__(
        self,
        expected: object,
        rtol: float | None = None,
        atol: float | None = None,
        exact_dtype: bool = False,
    ) -> None:
        self._expected = _checked(expected)
        if not all(limit is None or limit >= 0 for limit in (rtol, atol)):
            raise SpecError(f"close(): a tolerance is negative (rtol={rtol}, atol={atol}).")
        self._how = (rtol, atol, exact_dtype)
        self.findings: tuple[Finding, ...] = ()

    def __eq__(self, actual: object) -> bool:
        """Whether `actual` is close; if not, the explanation is kept."""
        return self._keep(find(actual, self._expected, *self._how))

    def __ne__(self, actual: object) -> bool:
        """Whether `actual` is not close; if it is, that is kept as the explanation."""
        if find(actual, self._expected, *self._how):
            return self._keep(())
        text = f"The {describe(self._expected, article=False)} is the same, although it should differ."
        return self._keep((plain(Difference(None, None, 0.0, diagnosis="equal"), text),))

    def __repr__(self) -> str:
        """What is expected, without its values."""
        return f"close({describe(self._expected, article=False)})"

    @property
    def explanation(self) -> tuple[str, ...]:
        """Why the last comparison failed, without expected values; () if it did not."""
        return sentences(self.findings, show_expected=False)

    def _keep(self, findings: tuple[Finding, ...]) -> bool:
        self.findings = findings
        if findings:
            _LAST.append(findings)
        return not findings


def drain_findings() -> tuple[Finding, ...]:
    """What the last failed comparison found, once; () if none failed since the last call.

    Only the last one counts: the earlier ones are hypothesis shrinking its example, or an `or` that went on.
    """
    return _LAST.pop() if _LAST else ()


def drain_explanations(*, show_expected: bool = False) -> tuple[str, ...]:
    """`drain_findings` as sentences for the student."""
    return sentences(drain_findings(), show_expected)


def _checked(expected: Any) -> object:
    """`expected` with remote objects replaced by their data, and every leaf fit for a comparison."""
    if getattr(type(expected), "__tensorgrade_remote__", False):
        expected = expected.value
    if isinstance(expected, dict):
        return {key: _checked(value) for key, value in expected.items()}
    if isinstance(expected, list | tuple):
        items = [_checked(item) for item in expected]
        return items if isinstance(expected, list) else tuple(items)
    if not (expected is None or isinstance(expected, str | bytes)):
        _check_numeric(expected)
    return expected


def _check_numeric(expected: object) -> None:
    if not is_numeric(expected):
        raise SpecError(
            f"close() cannot compare with {describe(expected)}: give a tensor, an array or a number."
        )
    if math.prod(shape_of(expected)) > MAX_VALUES:
        raise SpecError(f"close() compares at most {MAX_VALUES} values, but got {describe(expected)}.")
