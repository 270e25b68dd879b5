"""An author's own run: `pytest test_specs/NAME --submission FILE`, in a terminal or an IDE."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from grader import assignment, intake
from grader.errors import SpecError, SubmissionError, UsageError
from grader.intake.given import with_given
from grader.sandbox.local.backend import LocalBackend
from grader.spec import examples
from grader.spec.grading import Grading
from grader.spec.ordering import arrange, in_stage, worth
from grader.spec.runner import RUNNER, Runner


class Standalone:
    """Makes the grading from the command line's options and prints the total at the end."""

    def __init__(self, config: pytest.Config) -> None:
        examples.settle()
        self._config = config
        self._backend = LocalBackend()
        self._grading = self._make(config)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Order the tests and give them their points."""
        try:
            arranged = arrange(items)
        except SpecError as error:
            raise pytest.UsageError(str(error)) from error
        self._config.stash[RUNNER] = Runner(self._grading, worth(items))
        stage = self._config.getoption("--stage")
        items[:] = [item for item in arranged if in_stage(item, stage)]

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """The total, before rules and caps."""
        results = self._grading.results
        earned, most = sum(result.score for result in results), sum(result.max_score for result in results)
        terminalreporter.write_sep(
            "-", f"{earned:g} of {most:g} points in {len(results)} tests, seed {self._grading.seed}"
        )

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        self._grading.finish()
        self._backend.close()

    def _make(self, config: pytest.Config) -> Grading:
        try:
            chosen = _assignment_of(config)
            submission = intake.read(Path(config.getoption("--submission")), chosen.config)
            given = with_given(submission, chosen).submission
        except (UsageError, SubmissionError, SpecError) as error:
            raise pytest.UsageError(str(error)) from error
        return Grading(chosen, given, self._backend, config.getoption("--seed"))


def _assignment_of(config: pytest.Config) -> assignment.Assignment:
    """The assignment whose folder the arguments are in."""
    for argument in config.args:
        start = Path(argument.partition("::")[0]).resolve()
        for folder in (start, *start.parents):
            if (folder / "assignment.toml").exists():
                return assignment.load(folder.name, folder.parent.parent)
    raise UsageError(
        "--submission needs the folder of one assignment: pytest test_specs/NAME --submission FILE."
    )
