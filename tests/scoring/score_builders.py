"""Scores for tests, made from little."""

from __future__ import annotations

from grader.assignment import Part
from grader.scoring.aggregate import total
from grader.scoring.model import Environment, Score, SubmissionInfo, TestResult, TestStatus, Usage

ENVIRONMENT = Environment(
    tensorgrade="0.1.0",
    python="3.11",
    torch="2.13",
    numpy="2.4",
    platform="linux",
    backend="fake",
    data="digits",
)


def make_test(name="test_a", status=TestStatus.PASSED, score=None, max_score=1.0, **more):
    """A result that earned everything if it passed and nothing else."""
    if score is None:
        score = max_score if status == TestStatus.PASSED else 0.0
    fields = {"id": f"test_x.py::{name}", "name": f"Checks {name}.", **more}
    return TestResult(status=status, score=score, max_score=max_score, **fields)


def make_score(*tests, parts=(), rules=(), **more):
    """A score with the totals of its tests."""
    counted = total(
        tests, [Part(**part) for part in parts], rules, salvage_penalty=more.get("salvage_penalty", 0.0)
    )
    fields = {
        "assignment": "conv",
        "spec_version": "0123456789ab",
        "seed": 7,
        "usage": Usage(wall_seconds=1.5),
        **more,
    }
    return Score(
        score=counted.score,
        max_score=counted.max_score,
        parts=counted.parts,
        tests=tests,
        rules=rules,
        submission=SubmissionInfo(sha256="ab" * 32, name="solution.py"),
        environment=ENVIRONMENT,
        **fields,
    )
