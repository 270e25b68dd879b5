"""A score as the result page shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from api.web import words
from grader.scoring.model import PartScore, RuleResult, Score, TestResult, TestStatus

_UNTIL = {"after_due_date": "the due date", "after_published": "the grades are published"}
_BROKEN = "A test of this assignment is broken. That is its author's fault, not yours; it is being looked at."
_OURS = "Something of ours failed. That is not your fault; it will be graded again."


@dataclass(frozen=True)
class TestView:
    """One test."""

    __test__ = False

    anchor: str  # its place on the page, for links
    name: str
    status: str
    score: float
    max_score: float
    hints: tuple[str, ...]
    output: str
    stdout: str


@dataclass(frozen=True)
class LaterView:
    """A test whose result is withheld."""

    name: str
    until: str


@dataclass(frozen=True)
class PartView:
    """A part and its tests."""

    title: str
    score: float | None
    max_score: float
    passed: int
    tests: tuple[TestView, ...]
    withheld: tuple[LaterView, ...]
    is_lost: bool  # a broken rule leaves it without points

    @property
    def is_done(self) -> bool:
        """Nothing in it is left to do: it may be folded."""
        return self.passed == len(self.tests) > 0 and not any(
            test.hints or test.output for test in self.tests
        )


@dataclass(frozen=True)
class RuleView:
    """A broken rule, and every place that breaks it: where, and the line of the student's source."""

    message: str
    cost: str
    places: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ScoreView:
    """All that `templates/score.html` knows."""

    value: float | None
    most: float
    fault: str  # why there is no score
    late: str  # what lateness costs
    notes: tuple[str, ...]
    rules: tuple[RuleView, ...]
    parts: tuple[PartView, ...]
    made_with: tuple[tuple[str, str], ...]


def score_view(score: Score, late: str = "") -> ScoreView:
    """The page's view of `score`, which is already what its reader may see."""
    return ScoreView(
        value=score.score,
        most=score.max_score,
        fault=_fault(score),
        late=late,
        notes=score.notes,
        rules=_rules(score.rules),
        parts=tuple(part for one in _all_parts(score) if (part := _part(score, one))),
        made_with=_made_with(score),
    )


def _all_parts(score: Score) -> list[PartScore]:
    """The parts, and those of which every test is withheld."""
    known = {part.name for part in score.parts}
    used = dict.fromkeys(
        [test.part or "" for test in score.tests] + [later.part or "" for later in score.withheld]
    )
    unknown = [PartScore(name=name, score=None, max_score=0.0) for name in used if name not in known]
    return [*score.parts, *unknown]


def _part(score: Score, part: PartScore) -> PartView | None:
    tests = [test for test in score.tests if (test.part or "") == part.name]
    withheld = [test for test in score.withheld if (test.part or "") == part.name]
    if not tests and not withheld:
        return None
    return PartView(
        title=part.title or part.name or "Tests",
        score=part.score,
        max_score=part.max_score,
        passed=sum(test.status is TestStatus.PASSED for test in tests),
        tests=tuple(_test(test) for test in tests),
        is_lost=any(part.name in rule.zero_parts for rule in score.rules),
        withheld=tuple(LaterView(test.name, _UNTIL[test.until]) for test in withheld),
    )


def _test(test: TestResult) -> TestView:
    return TestView(
        anchor="test-" + re.sub(r"[^A-Za-z0-9]+", "-", test.id).strip("-"),
        name=test.name,
        status=test.status,
        score=test.score,
        max_score=test.max_score,
        hints=test.hints,
        output=test.output,
        stdout=test.stdout,
    )


def _rules(rules: Sequence[RuleResult]) -> tuple[RuleView, ...]:
    """One for each message and cost, with all of its places."""
    places: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for rule in rules:
        place = f"{rule.file}, line {rule.line}" if rule.line else rule.file
        places.setdefault((rule.message, _cost(rule)), []).append((place, rule.text))
    return tuple(RuleView(message, cost, tuple(found)) for (message, cost), found in places.items())


def _cost(rule: RuleResult) -> str:
    costs = [f"−{words.points(rule.points)} points"] if rule.points else []
    costs += [f"no points for {', '.join(rule.zero_parts)}"] if rule.zero_parts else []
    return "; ".join(costs)


def _fault(score: Score) -> str:
    if score.score is not None:
        return ""
    return _BROKEN if any(test.status is TestStatus.SPEC_ERROR for test in score.tests) else _OURS


def _made_with(score: Score) -> tuple[tuple[str, str], ...]:
    """Enough to repeat it."""
    made = score.environment
    known = (
        ("Seed", str(score.seed)),
        ("Tests", score.spec_version),
        ("Data", made.data or ""),
        ("Python", made.python),
        ("PyTorch", made.torch),
        ("NumPy", made.numpy),
        ("Took", words.duration(score.usage.wall_seconds)),
        ("Memory", words.size(score.usage.peak_memory_bytes)),
        ("SHA-256 of the file", score.submission.sha256),
    )
    return tuple((label, text) for label, text in known if text)
