"""Which tests run when, what they are worth, and whose fault an exception is; with real pytest items."""

from __future__ import annotations

import pytest

from grader.errors import (
    CallTimeout,
    Frame,
    InfrastructureError,
    NotImplementedYet,
    RemoteException,
    SandboxDied,
    SpecError,
    WireError,
)
from grader.scoring.model import TestStatus
from grader.spec.ordering import arrange, in_stage, worth
from grader.spec.verdict import judge

pytest_plugins = ["pytester"]

SPEC = """
import pytest
from grader.spec import gpu, points, requires, slow, visibility

@requires("test_second")
def test_first(): pass

@points(3)
@pytest.mark.parametrize("case", [1, 2])
def test_second(case): pass

@slow
@points(1)
def test_training(): pass

@points(0.5)
def test_last(): pass
"""


@pytest.fixture
def items(pytester):
    return pytester.getitems


def names(collected):
    return [item.name for item in collected]


def test_required_tests_come_first_and_slow_ones_last(items):
    assert names(arrange(items(SPEC))) == [
        "test_second[1]",
        "test_second[2]",
        "test_last",
        "test_first",
        "test_training",
    ]


def test_stages_split_the_tests(items):
    collected = items(SPEC)
    assert names(item for item in collected if in_stage(item, "slow")) == ["test_training"]
    assert len([item for item in collected if in_stage(item, "quick")]) == 4
    assert all(in_stage(item, "all") for item in collected)


def test_points_are_shared_by_the_cases(items):
    assert [points for _, points in sorted(worth(items(SPEC)).items())] == [0, 0.5, 1.5, 1.5, 1]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("@requires('test_b')\ndef test_a(): pass", "does not exist"),
        (
            "@requires('test_b')\ndef test_a(): pass\n@requires('test_a')\ndef test_b(): pass",
            "require each other",
        ),
        (
            "@requires('test_b')\ndef test_a(): pass\n@visibility('after_due_date')\ndef test_b(): pass",
            "shown only later",
        ),
    ],
)
def test_impossible_requirements_are_the_authors_fault(items, source, words):
    collected = items(f"from grader.spec import requires, visibility\n{source}\n")
    with pytest.raises(SpecError, match=words):
        arrange(collected)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, TestStatus.PASSED),
        (AssertionError("assert 1 == 2"), TestStatus.FAILED),
        (NotImplementedYet("x"), TestStatus.NOT_IMPLEMENTED),
        (RemoteException("ValueError", "no"), TestStatus.ERROR),
        (CallTimeout("x"), TestStatus.TIMEOUT),
        (SandboxDied("cpu", "x"), TestStatus.TIMEOUT),
        (SandboxDied("wall", "x"), TestStatus.TIMEOUT),
        (SandboxDied("memory", "x"), TestStatus.MEMORY),
        (SandboxDied("output", "x"), TestStatus.KILLED),
        (SandboxDied("exited", "x"), TestStatus.KILLED),
        (SandboxDied("signaled", "x"), TestStatus.KILLED),
        (WireError("x"), TestStatus.KILLED),
        (InfrastructureError("x"), TestStatus.INFRASTRUCTURE),
        (SpecError("x"), TestStatus.FAILED),  # what a submission returned can provoke it
        (TypeError("x"), TestStatus.FAILED),
        (ExceptionGroup("two examples", [AssertionError("a"), ValueError("b")]), TestStatus.FAILED),
    ],
)
def test_verdict_of_an_exception(error, status):
    assert judge(error, (), called=True).status is status


def test_error_before_anything_was_asked_of_the_student_is_the_authors():
    assert judge(KeyError("typo"), (), called=False).status is TestStatus.SPEC_ERROR
    assert judge(SpecError("x"), (), called=False).status is TestStatus.SPEC_ERROR


def test_introspection_of_values_is_for_visible_tests_only():
    verdict = judge(AssertionError("the mean is off\nassert 3 == 4711"), (), called=True)
    assert verdict.hints == ("the mean is off",)
    assert verdict.output == ("assert 3 == 4711",)
    assert "4711" not in " ".join(judge(AssertionError("assert 3 == 4711"), (), called=True).hints)


def test_traceback_shows_the_students_frames():
    error = RemoteException(
        "ZeroDivisionError", "division by zero", (Frame("conv.py", 7, "mean", "return x / 0"),)
    )
    assert "conv.py, line 7, in mean: return x / 0" in judge(error, (), called=True).hints[1]
