"""All questions of one assignment with their right answers: test_specs/<name>/questions.toml and
reference/<name>/answers.toml.

    sheet = Sheet.load(assignment)      # None if it asks nothing
    sheet.public()                      # for a form or a page
    sheet.problems(given)               # what cannot be read, before it counts
    sheet.mark(given)                   # results and deductions
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any

from grader.answers.choice import Honesty
from grader.answers.question import Outcome, Question
from grader.answers.questions import FILE_NAME as QUESTIONS
from grader.answers.questions import read_questions
from grader.answers.reading import quoted
from grader.assignment import Assignment
from grader.errors import SpecError, SubmissionError
from grader.intake.answers import FILE_NAME, find_answers, parse_answers, places
from grader.intake.model import Submission
from grader.intake.paths import shown
from grader.scoring.model import ANSWERS, RuleResult, TestResult, TestStatus

_MOST_NAMES = 200  # that are looked at
Place = tuple[int, str]  # a line's number from 1, and its text
_NOWHERE: Mapping[str, Place] = {}


@dataclass(frozen=True)
class Marked:
    """What answers earn and cost."""

    results: tuple[TestResult, ...]
    rules: tuple[RuleResult, ...]


@dataclass(frozen=True)
class Sheet:
    """The questions in their order, and the answers that earn everything."""

    questions: tuple[Question, ...]
    right: Mapping[str, Any]  # by key, as `read` gives them

    @classmethod
    def load(cls, assignment: Assignment) -> Sheet | None:
        """The sheet of an assignment; None if it has no questions.toml.

        Raises:
            SpecError: a question is wrong, or its right answer is missing or does not earn all points.
        """
        path = assignment.folder / QUESTIONS
        if not path.exists():
            return None
        if not assignment.config.answers:
            raise SpecError(
                f"{path}: write `answers = true` into assignment.toml, or nothing reads the answers."
            )
        try:
            questions = read_questions(path.read_text("utf-8"))
            sheet = cls(questions, _right(questions, _reference(assignment)))
            sheet._check()
        except (SpecError, ValueError) as error:
            raise SpecError(f"{path}: {error}") from error
        return sheet

    # ------------------------------------------------------------ for forms and pages

    def public(self) -> list[dict[str, Any]]:
        """What students may know of each question, JSON-able. No right answer, and not what is costly."""
        return [
            {
                "key": question.key,
                "text": question.text,
                "kind": getattr(question, "kind", ""),
                "points": question.points,
                "part": question.part,
                "visibility": str(question.visibility),
                "how": question.how,
                **question.form(),
            }
            for question in self.questions
        ]

    def problems(self, given: Mapping[str, Any]) -> list[str]:
        """A sentence for each answer that cannot be read, and for names that are probably misspelt."""
        found = []
        for question in self.questions:
            try:
                self._read(question, given)
            except SubmissionError as error:
                found.append(f"{question.key}: {error}")
        return found + self._misspelt(given)

    def _misspelt(self, given: Mapping[str, Any]) -> list[str]:
        """Names that are much like the key of a question without an answer."""
        missing = self.missing(given)
        unknown = [
            name for name in islice(given, _MOST_NAMES) if name not in {one.key for one in self.questions}
        ]
        near = [(name, get_close_matches(name[:64], missing, 1)) for name in unknown]
        return [f"There is no question {quoted(name)}: is `{keys[0]}` meant?" for name, keys in near if keys]

    def missing(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """The keys of the questions without an answer."""
        return tuple(question.key for question in self.questions if is_blank(given.get(question.key)))

    # ------------------------------------------------------------ marking

    def worth(self) -> dict[str, float]:
        """Automatic points by the id of the result."""
        return {f"{ANSWERS}{question.key}": question.automatic_points for question in self.questions}

    def mark(
        self, given: Mapping[str, Any], lines: Mapping[str, Place] = _NOWHERE, file: str = FILE_NAME
    ) -> Marked:
        """Mark all answers. Blank ones count as not given, those that cannot be read as wrong.

        lines: where each key stands in the file, and that line; deductions cite it.
        """
        results = tuple(
            _result(question, self._outcome(question, given), self._seen(question, given))
            for question in self.questions
        )
        rules = [
            _deduction(question, self._readable(question, given), file, lines.get(question.key, (0, "")))
            for question in self.questions
            if isinstance(question, Honesty)
        ]
        return Marked(results, tuple(rule for rule in rules if rule is not None))

    def mark_submission(self, submission: Submission) -> Marked:
        """Mark its answers.toml; deductions cite the line."""
        path = find_answers(submission.files)
        if path is None:
            return self.mark(submission.answers)
        lines = places(submission.files[path].decode("utf-8", "replace"))
        return self.mark(submission.answers, lines, shown(path))

    def _readable(self, question: Question, given: Mapping[str, Any]) -> Any:
        """The answer to a question; None if there is none that can be read."""
        try:
            return self._read(question, given)
        except SubmissionError:
            return None

    def _read(self, question: Question, given: Mapping[str, Any]) -> Any:
        """The answer to a question; None if there is none."""
        answer = given.get(question.key)
        return None if is_blank(answer) else question.read(answer)

    def _outcome(self, question: Question, given: Mapping[str, Any]) -> Outcome:
        try:
            answer = self._read(question, given)
        except SubmissionError as error:
            return Outcome(0.0, TestStatus.FAILED, (f"This cannot be read. {error}",))
        if answer is None:
            return Outcome(0.0, TestStatus.NOT_IMPLEMENTED, (f"{FILE_NAME} has no `{question.key}`.",))
        return self._best(question, answer)

    def _best(self, question: Question, answer: Any) -> Outcome:
        """Against the right answer, further right ones, and known mistakes."""
        rights = [self.right[question.key], *map(question.read, question.also)]
        best = max((question.judge(answer, right) for right in rights), key=lambda outcome: outcome.score)
        if best.status is not TestStatus.FAILED:
            return best
        for mistake in question.mistakes:
            if question.is_like(answer, question.read(mistake.answer)):
                return Outcome(best.score, best.status, (mistake.hint,))
        return best

    def _seen(self, question: Question, given: Mapping[str, Any]) -> str:
        """For staff: what was given and what is right."""
        answer = self._readable(question, given)
        if answer is None:
            return ""
        return f"Given: {question.show(answer)}\nRight: {question.show(self.right[question.key])}"

    def _check(self) -> None:
        """Each right answer earns everything, and no known mistake does."""
        for question in self.questions:
            for right in (self.right[question.key], *map(question.read, question.also)):
                _check_right(question, self._best(question, right))
            for mistake in question.mistakes:
                if self._best(question, question.read(mistake.answer)).status is not TestStatus.FAILED:
                    raise SpecError(f"{question.key}: the mistake {mistake.answer!r} is a right answer.")


def is_blank(answer: Any) -> bool:
    """Whether nothing was written: forms send "" for what was left empty."""
    return answer is None or answer in ([], {}) or (isinstance(answer, str) and not answer.strip())


def _reference(assignment: Assignment) -> Mapping[str, Any]:
    path = assignment.reference / FILE_NAME
    if not path.exists():
        raise SpecError(f"the right answers are missing: write {path}.")
    try:
        return parse_answers(str(path), path.read_bytes())[0]
    except SubmissionError as error:
        raise SpecError(str(error)) from error


def _right(questions: Sequence[Question], reference: Mapping[str, Any]) -> dict[str, Any]:
    right = {}
    for question in questions:
        if is_blank(reference.get(question.key)):
            raise SpecError(f"the reference's {FILE_NAME} has no `{question.key}`.")
        try:
            right[question.key] = question.read(reference[question.key])
            for other in (*question.also, *(mistake.answer for mistake in question.mistakes)):
                question.read(other)
        except SubmissionError as error:
            raise SpecError(f"{question.key}: an answer of the author cannot be read. {error}") from error
    return right


def _check_right(question: Question, outcome: Outcome) -> None:
    if outcome.status is TestStatus.WAITING:
        return
    if outcome.status is not TestStatus.PASSED or outcome.score != question.automatic_points:
        why = " ".join(outcome.hints)
        raise SpecError(f"{question.key}: the right answer does not earn {question.points:g} points. {why}")


def _result(question: Question, outcome: Outcome, seen: str) -> TestResult:
    return TestResult(
        id=f"{ANSWERS}{question.key}",
        name=question.text,
        part=question.part,
        status=outcome.status,
        score=outcome.score,
        max_score=question.automatic_points,
        visibility=question.visibility,
        hints=outcome.hints,
        output=seen,
    )


def _deduction(question: Honesty, answer: str | None, file: str, place: Place) -> RuleResult | None:
    """What a declaration costs, if anything."""
    points = question.costs(answer)
    if not points:
        return None
    line, text = place
    message = question.why(answer)
    return RuleResult(id=question.key, file=file, line=line, text=text, message=message, points=points)
