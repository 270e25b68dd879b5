"""What a test's end becomes."""

from __future__ import annotations

import re

import pytest

from grader.errors import RemoteException
from grader.scoring.model import TestStatus
from grader.spec.verdict import judge


def learned() -> None:
    """Something whose description has its address."""


@pytest.mark.parametrize(
    "error",
    [
        AssertionError(f"assert {learned} is None"),
        AssertionError(f"Got {learned}.\nassert False"),
        RemoteException("ValueError", f"no such thing: {learned}", ()),
        TypeError(f"{learned} is not iterable"),
    ],
)
def test_no_address_is_in_a_verdict(error):
    """Two gradings with one seed say the same, and nobody learns where our objects lie."""
    assert re.search("0x[0-9a-f]+", str(learned))
    verdict = judge(error, (), called=True)
    assert verdict.status is not TestStatus.PASSED
    text = " ".join((*verdict.hints, *verdict.output))
    assert "<function learned>" in text
    assert "0x" not in text
