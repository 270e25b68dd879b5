"""A score as Gradescope's results.json.

Gradescope's "hidden" keeps a test from students altogether. Ours shows status, points and hints, so hidden
tests are exported as visible ones with their hints only. The two later visibilities are the same in both.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from grader.errors import InfrastructureError, SpecError, UsageError
from grader.scoring.model import Score, TestResult, TestStatus, Visibility

Format = Literal["text", "md"]

_VISIBILITY = {
    Visibility.VISIBLE: "visible",
    Visibility.HIDDEN: "visible",
    Visibility.AFTER_DUE_DATE: "after_due_date",
    Visibility.AFTER_PUBLISHED: "after_published",
}
_STATUS = {
    TestStatus.NOT_IMPLEMENTED: "Not implemented yet.",
    TestStatus.ERROR: "Your code raised an exception.",
    TestStatus.TIMEOUT: "Your code ran too long.",
    TestStatus.MEMORY: "Your code used too much memory.",
    TestStatus.KILLED: "Your code ended its process.",
    TestStatus.SKIPPED: "Not run, because a test that it builds on did not pass.",
    TestStatus.WAITING: "Waiting for somebody to read it.",
}


def results(score: Score, output_format: Format = "text") -> dict[str, Any]:
    """The content of results.json, ready for `json.dumps`. `score` is the staff's view.

    Raises:
        UsageError: it is a student's view, whose points are not all of them.
        InfrastructureError, SpecError: a test has no verdict, so there is no score to hand on.
    """
    if score.withheld:
        raise UsageError("results.json needs the whole score; this one has withheld tests.")
    _require_verdicts(score)
    return {
        "score": score.score,
        "execution_time": round(score.usage.wall_seconds, 3),
        "output": _block(_summary(score), output_format),
        "output_format": output_format,
        "test_output_format": output_format,
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(test, number, output_format) for number, test in _numbered(score)],
    }


def _require_verdicts(score: Score) -> None:
    """Our fault and the author's fault never become a score."""
    for status, error in (
        (TestStatus.SPEC_ERROR, SpecError),
        (TestStatus.INFRASTRUCTURE, InfrastructureError),
    ):
        for test in score.tests:
            if test.status is status:
                raise error(f"This grading is not a score: {test.id} has no verdict ({status}).")
    if score.score is None:
        raise InfrastructureError("This grading is not a score.")


def _numbered(score: Score) -> list[tuple[str, TestResult]]:
    """Each test with "part.order", both from 1, in the order of the parts."""
    numbered = []
    for number, part in enumerate(score.parts, 1):
        mine = [test for test in score.tests if (test.part or "") == part.name]
        numbered += [(f"{number}.{order}", test) for order, test in enumerate(mine, 1)]
    return numbered


def _test(test: TestResult, number: str, output_format: Format) -> dict[str, Any]:
    return {
        "name": test.name,
        "name_format": "text",
        "number": number,
        "score": test.score,
        "max_score": test.max_score,
        "status": "passed" if test.status in (TestStatus.PASSED, TestStatus.WAITING) else "failed",
        "output": _block(_output(test), output_format),
        "output_format": output_format,
        "visibility": _VISIBILITY[test.visibility],
        "tags": [test.part] if test.part else [],
    }


def _output(test: TestResult) -> str:
    """Why, and what was printed; of a hidden test the hints only."""
    hidden = test.visibility is Visibility.HIDDEN
    reason = [*test.hints, *([test.output] if test.output and not hidden else [])]
    printed = f"Printed:\n{test.stdout}" if test.stdout and not hidden else ""
    blocks = (_STATUS.get(test.status, ""), "\n".join(reason), printed)
    return "\n\n".join(block for block in blocks if block)


def _summary(score: Score) -> str:
    """Notes and broken rules: what Gradescope shows above the tests."""
    lines = list(score.notes)
    for rule in score.rules:
        costs = f" (-{rule.points:g})" if rule.points else ""
        lines.append(f"{rule.file}:{rule.line}: {rule.message}{costs}")
        lines += [f"    {rule.text}"] if rule.text else []
    return "\n".join(lines)


def _block(text: str, output_format: Format) -> str:
    """`text` so that Gradescope shows it as it is. In Markdown, no fence in the text ends ours."""
    if output_format == "text" or not text:
        return text
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
