"""The result page's view of a score."""

from __future__ import annotations

import pytest

from api.web.score_view import score_view
from grader.scoring.model import (
    Environment,
    PartScore,
    RuleResult,
    Score,
    SubmissionInfo,
    TestResult,
    TestStatus,
    WithheldTest,
)


def score(**changes: object) -> Score:
    tests = (
        TestResult(id="t.py::a", name="A.", part="one", status=TestStatus.PASSED, score=1, max_score=1),
        TestResult(id="t.py::b[x-1]", name="B.", part="one", status=TestStatus.PASSED, score=1, max_score=1),
        TestResult(id="t.py::c", name="C.", status=TestStatus.FAILED, max_score=1, hints=("Why.",)),
    )
    parts = (
        PartScore(name="one", title="Part one", score=2, max_score=2),
        PartScore(name="", title="", score=0, max_score=1),
    )
    values: dict[str, object] = {"score": 2.0, "max_score": 3.0, "tests": tests, "parts": parts, **changes}
    made = Environment(tensorgrade="0", python="3", torch="2", numpy="2", platform="l", backend="local")
    info = SubmissionInfo(sha256="0" * 64, name="a.py")
    return Score.model_validate(
        {"assignment": "a", "spec_version": "v", "seed": 1, "environment": made, "submission": info, **values}
    )


def test_parts_with_something_to_do_are_open_and_others_folded() -> None:
    view = score_view(score())
    assert [(part.title, part.passed, part.is_done) for part in view.parts] == [
        ("Part one", 2, True),
        ("Tests", 0, False),
    ]
    assert view.parts[0].tests[1].anchor == "test-t-py-b-x-1"


def test_a_part_that_is_withheld_altogether_is_shown() -> None:
    later = WithheldTest(id="t.py::z", name="Z.", part="two", until="after_due_date")
    part = score_view(score(withheld=(later,))).parts[-1]
    assert (part.title, part.withheld[0].until, part.is_done) == ("two", "the due date", False)


def test_a_rule_broken_at_several_places_is_said_once() -> None:
    rules = tuple(
        RuleResult(id="r", file="a.py", line=line, text=f"line {line}", message="No.", zero_parts=("one",))
        for line in (3, 0)
    )
    view = score_view(score(rules=rules))
    assert [(rule.message, rule.cost) for rule in view.rules] == [("No.", "no points for one")]
    assert view.rules[0].places == (("a.py, line 3", "line 3"), ("a.py", "line 0"))
    assert [part.is_lost for part in view.parts] == [True, False]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(TestStatus.SPEC_ERROR, "author's fault"), (TestStatus.INFRASTRUCTURE, "of ours")],
)
def test_without_a_score_it_says_whose_fault_it_is(status: TestStatus, sentence: str) -> None:
    broken = TestResult(id="t.py::a", name="A.", status=status)
    assert sentence in score_view(score(score=None, tests=(broken,), parts=())).fault
