"""Two stages together are what one run of everything is."""

from __future__ import annotations

import itertools

from grader.assignment import Part
from grader.scoring.merge import merge, missed
from grader.scoring.model import (
    Environment,
    RuleResult,
    Score,
    SubmissionInfo,
    TestResult,
    TestStatus,
    Usage,
)

PARTS = (Part(name="a", title="A", max_points=3), Part(name="b"))


def result(name: str, part: str | None, score: float, most: float, *, slow: bool = False) -> TestResult:
    status = TestStatus.PASSED if score else TestStatus.FAILED
    return TestResult(id=name, name=name, part=part, status=status, score=score, max_score=most, slow=slow)


def a_score(tests=(), max_score: float = 0.0, **changes) -> Score:
    values = {
        "assignment": "lab",
        "spec_version": "1",
        "score": 0.0,
        "max_score": max_score,
        "tests": tuple(tests),
        "submission": SubmissionInfo(sha256="0", name="x.py"),
        "seed": 1,
        "environment": Environment(
            tensorgrade="0", python="3", torch="2", numpy="2", platform="x", backend="local"
        ),
    }
    return Score(**(values | changes))


QUICK = (result("t.py::test_one", "a", 2, 2), result("t.py::test_two[x::y]", "b", 0, 1))
SLOW = (result("t.py::test_three", "a", 2, 2, slow=True),)


def test_a_cap_holds_over_both_stages():
    both = merge(a_score(QUICK, stage="quick"), a_score(SLOW, stage="slow"), PARTS)
    assert (both.stage, both.score, both.max_score) == ("all", 3, 4)
    assert [(part.name, part.score, part.max_score) for part in both.parts] == [("a", 3, 3), ("b", 0, 1)]
    assert both.tests == QUICK + SLOW


def test_rules_notes_and_penalties_count_once():
    rule = RuleResult(id="r", file="x.py", line=1, message="no", points=0.5)
    stages = [
        a_score(tests, rules=(rule,), notes=("Salvaged.", own), salvage_penalty=0.5)
        for tests, own in ((QUICK, "Q"), (SLOW, "S"))
    ]
    both = merge(*stages, PARTS)
    assert both.rules == (rule,)
    assert both.notes == ("Salvaged.", "Q", "S")
    assert both.score == 3 * 0.5 - 0.5


def test_usage_is_added():
    first = Usage(cpu_seconds=1, wall_seconds=2, peak_memory_bytes=3, sandboxes=4)
    second = Usage(cpu_seconds=1, wall_seconds=1, peak_memory_bytes=9, sandboxes=1)
    both = merge(a_score(QUICK, usage=first), a_score(SLOW, usage=second))
    assert both.usage == Usage(cpu_seconds=2, wall_seconds=3, peak_memory_bytes=9, sandboxes=5)


def test_a_rejected_upload_earns_nothing_of_everything():
    notes = ("Not a zip.",)
    both = merge(a_score(max_score=5, notes=notes), a_score(max_score=2, notes=notes), PARTS)
    assert (both.score, both.max_score, both.notes) == (0, 7, notes)


def test_a_stage_without_tests_changes_nothing():
    for quick, slow in itertools.permutations((a_score(SLOW), a_score())):
        both = merge(quick, slow)
        assert (both.score, both.max_score) == (2, 2)


def test_missed_names_functions():
    assert missed(a_score(QUICK)) == ("test_two",)
    assert missed(a_score((result("t.py::TestIt::test_four[a]", None, 0, 1),))) == ("test_four",)
