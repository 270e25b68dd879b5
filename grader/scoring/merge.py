"""Two stages of one grading become one score. A pure function: quick and slow together are what "all" is."""

from __future__ import annotations

from collections.abc import Sequence

from grader.assignment import Part
from grader.scoring.aggregate import total
from grader.scoring.model import Environment, RuleResult, Score, TestStatus, Usage

_FINE = (TestStatus.PASSED, TestStatus.WAITING)


def merge(quick: Score, slow: Score, parts: Sequence[Part] = ()) -> Score:
    """The score of both stages. `parts` are the assignment's, with their caps.

    Tests are added up anew, because a part's cap, a rule's deduction and the salvage penalty are for the
    whole. What both stages say (notes, broken rules) is said once.
    """
    tests = (*quick.tests, *slow.tests)
    rules = _once(quick.rules, slow.rules)
    penalty = max(quick.salvage_penalty, slow.salvage_penalty)
    summed = total(tests, parts, rules, salvage_penalty=penalty, allow_negative=quick.allow_negative)
    # An upload that was rejected has no tests, and is worth nothing of what there was to earn.
    rejected = sum(stage.max_score for stage in (quick, slow) if not stage.tests)
    return quick.model_copy(
        update={
            "stage": "all",
            "spec_version": slow.spec_version,
            "score": summed.score if tests else 0.0,
            "max_score": round(summed.max_score + rejected, 6),
            "parts": summed.parts,
            "tests": tests,
            "rules": rules,
            "salvage_penalty": penalty,
            "imported": quick.imported and slow.imported,
            "notes": tuple(dict.fromkeys((*quick.notes, *slow.notes))),
            "environment": _of_both(quick.environment, slow.environment),
            "usage": _added(quick.usage, slow.usage),
        }
    )


def missed(score: Score) -> tuple[str, ...]:
    """The functions of the tests that did not pass, for the next stage: what requires them is skipped."""
    names = {_function(test.id) for test in score.tests if test.status not in _FINE}
    return tuple(sorted(names))


def _function(test_id: str) -> str:
    """test_x.py::TestForward::test_stride[2-same] -> test_stride."""
    return test_id.partition("[")[0].rpartition("::")[2]


def _once(first: Sequence[RuleResult], second: Sequence[RuleResult]) -> tuple[RuleResult, ...]:
    return (*first, *(rule for rule in second if rule not in first))


def _of_both(quick: Environment, slow: Environment) -> Environment:
    """Of the slow stage, with what only the quick one had."""
    optional = ("data", "gpu", "gpu_driver", "cuda")
    return slow.model_copy(update={name: getattr(slow, name) or getattr(quick, name) for name in optional})


def _added(first: Usage, second: Usage) -> Usage:
    peaks = [one.peak_gpu_memory_bytes for one in (first, second) if one.peak_gpu_memory_bytes is not None]
    return Usage(
        cpu_seconds=round(first.cpu_seconds + second.cpu_seconds, 6),
        wall_seconds=round(first.wall_seconds + second.wall_seconds, 6),
        peak_memory_bytes=max(first.peak_memory_bytes, second.peak_memory_bytes),
        sandboxes=first.sandboxes + second.sandboxes,
        peak_gpu_memory_bytes=max(peaks, default=None),
    )
