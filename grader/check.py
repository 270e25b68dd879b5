"""The author's check: the reference earns everything, the blank template nothing or less, every sample what
it declares.

samples/right/*           full marks, unless verdicts.toml says otherwise
samples/wrong/*           declared in samples/verdicts.toml:

    ["wrong/one_hot_without_num_classes.py"]
    mistake = "one_hot without num_classes"
    tests = { test_one_hot_absent_top_class = "failed" }     # all others pass; answers by their key
    unanswered = true                                         # no written answer is given
    rules = ["no-library-convolution"]                        # rules it breaks; costly declarations too
    rejected = "is empty"                                     # or: not graded at all, for this reason
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from grader.assignment import Assignment
from grader.errors import SpecError
from grader.scoring.model import Score, TestResult, TestStatus


class Declared(BaseModel):
    """One table of verdicts.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mistake: str
    tests: dict[str, TestStatus] = {}
    rules: tuple[str, ...] = ()
    rejected: str | None = None
    salvaged: bool = False
    unanswered: bool = False


@dataclass(frozen=True)
class Case:
    """A submission with what it must score. `full` and `zero` are about points, `declared` about each
    test. `zero`: no test earns any; deductions may bring the total below 0.
    """

    label: str
    path: Path
    full: bool = False
    zero: bool = False
    declared: Declared | None = None


_VERDICTS: TypeAdapter[dict[str, Declared]] = TypeAdapter(dict[str, Declared])
_NOT_SUBMISSIONS = {"answers.toml", "verdicts.toml", "README.md"}


def cases(assignment: Assignment) -> list[Case]:
    """Everything to grade for a check.

    Raises:
        SpecError: verdicts.toml is wrong, names a sample that is not there, or a wrong sample is not
        declared.
    """
    declared = _declared(assignment)
    found = [Case("reference", assignment.reference, full=True), *_template(assignment)]
    labels = set()
    for path in _samples(assignment.samples):
        label = path.relative_to(assignment.samples).as_posix()
        labels.add(label)
        if label not in declared and not label.startswith("right/"):
            raise SpecError(f"{path} is not declared in {assignment.samples / 'verdicts.toml'}.")
        found.append(Case(label, path, full=label not in declared, declared=declared.get(label)))
    missing = sorted(declared.keys() - labels)
    if missing:
        verdicts = assignment.samples / "verdicts.toml"
        raise SpecError(f"{verdicts} declares samples that are not there: {', '.join(missing)}.")
    return found


def _template(assignment: Assignment) -> list[Case]:
    """The blank template: a file, or a folder where there are several. Only questions alone need none."""
    folder = assignment.folder
    known = (folder / name for name in ("template.py", "template.ipynb", "template"))
    path = next((path for path in known if path.exists()), None)
    if path is None and not any(folder.glob("test_*.py")):
        return []
    return [Case("template", path or folder / "template.py", zero=True)]


def problems(case: Case, score: Score, names: frozenset[str]) -> list[str]:
    """How a score differs from what its case says; [] if it does not.

    names: of all tests, also those of another stage, with and without their cases.
    """
    if score.score is None:
        return [
            f"{test.id}: {test.status}: {test.output}" for test in score.tests if not test.status.is_verdict
        ]
    if case.declared is not None:
        return list(_against(case.declared, score, names))
    if case.full and score.score != score.max_score:
        return [
            f"{score.score:g} of {score.max_score:g} points",
            *(_line(test) for test in score.tests if not _passed(test)),
        ]
    return list(_earned(score)) if case.zero else []


def _earned(score: Score) -> Iterator[str]:
    """What earns points, also where deductions hide them."""
    tests = [test for test in score.tests if test.score > 0]
    if tests:
        yield f"{sum(test.score for test in tests):g} points are earned instead of 0"
    yield from map(_line, tests)


def _against(declared: Declared, score: Score, names: frozenset[str]) -> Iterator[str]:
    if declared.rejected is not None:
        if score.tests or not any(declared.rejected in note for note in score.notes):
            yield f"declared as rejected with {declared.rejected!r}, but: {' '.join(score.notes) or 'graded'}"
        return
    for test in score.tests:
        expected = _expected(declared, test)
        if test.status is not expected and not _waits(test):
            yield f"{_line(test)} (declared {expected})"
    for name in sorted(declared.tests.keys() - names):
        yield f"verdicts.toml names {name}, which is not a test"
    broken, expected_rules = {rule.id for rule in score.rules}, set(declared.rules)
    if score.stage == "slow":
        expected_rules -= names  # declarations are questions, which are of the quick stage
    if broken != expected_rules:
        yield f"rules broken: {sorted(broken) or 'none'}, declared: {sorted(expected_rules) or 'none'}"
    salvaged = any("could not be imported" in note for note in score.notes)
    if salvaged != declared.salvaged:
        yield f"salvaged: {salvaged}, declared: {declared.salvaged}"


def _expected(declared: Declared, test: TestResult) -> TestStatus:
    for name in call_names(test.id):
        if name in declared.tests:
            return declared.tests[name]
    is_missing = declared.unanswered and test.is_answer
    return TestStatus.NOT_IMPLEMENTED if is_missing else TestStatus.PASSED


def _waits(test: TestResult) -> bool:
    """A text was handed in; what it is worth somebody else says."""
    return test.status is TestStatus.WAITING


def call_names(test_id: str) -> tuple[str, str]:
    """How verdicts.toml may call a test, most precise first: with its case, or the function alone."""
    path, bracket, case = test_id.partition("[")
    function = path.rpartition("::")[2]
    return function + bracket + case, function


def _passed(test: TestResult) -> bool:
    return test.status is TestStatus.PASSED or _waits(test)


def _line(test: TestResult) -> str:
    why = next((line for line in (*test.hints, test.output) if line), "")
    return f"{test.id}: {test.status}{': ' if why else ''}{why}"


def _declared(assignment: Assignment) -> dict[str, Declared]:
    path = assignment.samples / "verdicts.toml"
    if not path.exists():
        return {}
    try:
        return _VERDICTS.validate_python(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise SpecError(f"{path}: {error}") from error


def _samples(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    kinds = sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))
    )  # __sources__: what archives are packed from
    return [
        path
        for kind in kinds
        for path in sorted(kind.iterdir())
        if path.name not in _NOT_SUBMISSIONS and not path.name.startswith((".", "__"))
    ]
