"""The specs of one assignment as a pytest session that was configured and collected once, to be run in
a fork per grading.
"""

from __future__ import annotations

from collections.abc import Collection

import pytest
from _pytest.config import Config, ConftestImportFailure, get_config
from _pytest.main import Session

from grader.answers import Sheet
from grader.assignment import Assignment
from grader.errors import SpecError
from grader.spec import examples
from grader.spec.about import about
from grader.spec.grading import Grading
from grader.spec.ordering import arrange, in_stage, worth
from grader.spec.phases import QuietPhases
from grader.spec.runner import RUNNER, Runner, import_reference

# Wrappers around every test that a grading has no use for; output is captured in the sandbox instead.
_UNUSED = (
    *("capture", "logging", "faulthandler", "unraisableexception", "threadexception", "warnings"),
    *("doctest", "setuponly", "setupplan", "legacypath", "debugging", "stepwise", "pastebin"),
)


class Exam:
    """The collected tests of one assignment, and its written answers."""

    def __init__(self, assignment: Assignment, session: Session, sheet: Sheet | None = None) -> None:
        self.assignment = assignment
        self.sheet = sheet  # the written answers, which count in the quick stage
        self._session = session
        self._items = arrange(session.items)
        self._points = worth(session.items)
        self._answers = sheet.worth() if sheet else {}

    @classmethod
    def prepare(cls, assignment: Assignment) -> Exam:
        """Collect the tests.

        Raises:
            SpecError: a module or question is wrong, the reference fails, or nothing is asked.
        """
        sheet = Sheet.load(assignment)
        if (assignment.reference / "solution.py").exists():  # a package as reference needs none
            import_reference(assignment)
        examples.settle()
        try:
            config = _configure(assignment)
        except (pytest.UsageError, ConftestImportFailure) as error:
            raise SpecError(f"The specs of {assignment.name} cannot be read: {error}") from error
        problems = _Problems()
        config.pluginmanager.register(problems)
        session = Session.from_config(config)
        config.hook.pytest_sessionstart(session=session)
        config.hook.pytest_collection(session=session)
        if problems.found:
            raise SpecError(
                f"The specs of {assignment.name} cannot be collected:\n" + "\n".join(problems.found)
            )
        if not session.items and sheet is None:
            raise SpecError(f"{assignment.folder} holds no tests.")
        _check_parts(assignment, session.items, sheet)
        return cls(assignment, session, sheet)

    @property
    def max_points(self) -> dict[str, float]:
        """What each test and answer is worth, by id."""
        return {**self._points, **self._answers}

    def count(self, stage: str) -> int:
        """How many tests a stage has."""
        return sum(in_stage(item, stage) for item in self._items) + len(self._answers_in(stage))

    def max_score(self, stage: str) -> float:
        """What a stage is worth, before caps."""
        tests = sum(self._points[about(item).id] for item in self._items if in_stage(item, stage))
        return round(tests + sum(self._answers_in(stage).values()), 6)

    def _answers_in(self, stage: str) -> dict[str, float]:
        return {} if stage == "slow" else self._answers

    def register(self, plugin: object) -> None:
        """Add a pytest plugin, for measurements."""
        self._session.config.pluginmanager.register(plugin)

    def run(self, grading: Grading, stage: str = "all", missed: Collection[str] = ()) -> None:
        """Run the tests of a stage; the results go to the grading. What requires `missed` is skipped."""
        config = self._session.config
        sentences = {
            test.function: test.sentence for test in map(about, self._items) if test.function in missed
        }
        config.stash[RUNNER] = Runner(grading, self._points, sentences)
        self._session.items = [item for item in self._items if in_stage(item, stage)]
        self._session.testsfailed = 0
        self._session.shouldfail = self._session.shouldstop = False
        try:
            config.hook.pytest_runtestloop(session=self._session)
        finally:
            grading.finish()
            del config.stash[RUNNER]


def _check_parts(assignment: Assignment, items: list[pytest.Item], sheet: Sheet | None) -> None:
    """Where parts are declared, specs and rules name no others: a typo would be a part without a cap."""
    declared = {part.name for part in assignment.config.parts}
    named = {part: f"the test {item.name}" for item in items if (part := about(item).part) is not None}
    named |= {name: f"the rule {rule.id}" for rule in assignment.config.rules for name in rule.zero_parts}
    questions = sheet.questions if sheet else ()
    named |= {one.part: f"the question {one.key}" for one in questions if one.part is not None}
    for name, where in named.items():
        if declared and name not in declared:
            known = ", ".join(sorted(declared))
            raise SpecError(f"{where} names the part {name!r}; assignment.toml declares {known}.")


class _Problems:
    """Collects what pytest could not collect."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module or class was collected, or failed."""
        if report.failed:
            self.found.append(f"{report.nodeid}: {report.longreprtext}")


def _configure(assignment: Assignment) -> Config:
    arguments = ["-c", str(assignment.folder.parent / "pytest.ini"), str(assignment.folder)]
    for name in _UNUSED:
        arguments += ["-p", f"no:{name}"]
    config = get_config(arguments)
    parsed: Config = config.pluginmanager.hook.pytest_cmdline_parse(
        pluginmanager=config.pluginmanager, args=arguments
    )
    parsed._do_configure()
    reporter = parsed.pluginmanager.get_plugin("terminalreporter")
    parsed.pluginmanager.unregister(reporter)
    parsed.pluginmanager.register(QuietPhases())
    return parsed
