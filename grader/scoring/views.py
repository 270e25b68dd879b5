"""Who sees what of a score. Staff see the score as it is; students see `student_view`."""

from __future__ import annotations

from typing import Literal

from grader.assignment import Part
from grader.scoring.aggregate import total
from grader.scoring.model import Score, TestResult, Visibility, WithheldTest

_Later = Literal[Visibility.AFTER_DUE_DATE, Visibility.AFTER_PUBLISHED]


def student_view(score: Score, *, after_due_date: bool = False, published: bool = False) -> Score:
    """The part of `score` that its student may see now.

    A hidden test keeps name, status, points, hints and series. One that is shown later is moved to
    `withheld`; its points are taken out of the totals, and a note says so. One that is shown by now becomes
    visible, so that a view of a view is the same. Of a test without verdict, all but the hints is for staff.
    """
    shown: list[TestResult] = []
    withheld: list[WithheldTest] = list(score.withheld)
    for test in score.tests:
        seen = student_test(test, after_due_date=after_due_date, published=published)
        if isinstance(seen, TestResult):
            shown.append(seen)
        else:
            withheld.append(seen)
    view = score.model_copy(update={"tests": tuple(shown), "withheld": tuple(withheld)})
    return view if len(withheld) == len(score.withheld) else _recounted(view, score)


def student_test(
    test: TestResult, *, after_due_date: bool = False, published: bool = False
) -> TestResult | WithheldTest:
    """The part of one test's result that its student may see now: what `student_view` does with each."""
    released = {Visibility.AFTER_DUE_DATE: after_due_date, Visibility.AFTER_PUBLISHED: published}
    later = _later(test, released)
    if later is None:
        return _shown(test)
    return WithheldTest(id=test.id, name=test.name, part=test.part, until=later)


def _later(test: TestResult, released: dict[Visibility, bool]) -> _Later | None:
    """Until when the result is withheld; None if it is not."""
    if test.visibility is Visibility.AFTER_DUE_DATE and not released[test.visibility]:
        return test.visibility
    if test.visibility is Visibility.AFTER_PUBLISHED and not released[test.visibility]:
        return test.visibility
    return None


def _shown(test: TestResult) -> TestResult:
    if not test.status.is_verdict:
        test = test.model_copy(update={"output": "", "stdout": "", "series": ()})
    if test.visibility is Visibility.HIDDEN:
        return test.model_copy(update={"output": "", "stdout": ""})
    return test.model_copy(update={"visibility": Visibility.VISIBLE})


def _recounted(view: Score, score: Score) -> Score:
    """`view` with the totals of the tests it shows. If the grading has no score, neither has the view."""
    parts = [Part(name=part.name, title=part.title, max_points=part.max_score) for part in score.parts]
    counted = total(
        view.tests,
        parts,
        view.rules,
        salvage_penalty=view.salvage_penalty,
        allow_negative=view.allow_negative,
    )
    return view.model_copy(
        update={
            "score": None if score.score is None else counted.score,
            "max_score": counted.max_score,
            "parts": counted.parts,
            "notes": (*view.notes, _note(len(view.withheld))),
        }
    )


def _note(count: int) -> str:
    tests = "result of 1 test is" if count == 1 else f"results of {count} tests are"
    return f"The {tests} withheld until later and not counted in the points shown here."
