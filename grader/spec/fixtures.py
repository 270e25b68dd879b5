"""The fixtures that specs use.

Methods of one object, which knows the grading and its current test: to hand them pytest's own `request`
instead would take as long as the rest of a quick test's set-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from grader.spec.runner import RUNNER

if TYPE_CHECKING:
    import torch

    from grader.proxy.remote import RemoteSubmission
    from grader.spec.grading import Answers, Grading
    from grader.spec.runner import Runner
    from grader.spec.series import Curves


class Fixtures:
    """A pytest plugin."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.fixture
    def grading(self) -> Grading:
        """The grading under way."""
        return self._runner().grading

    @pytest.fixture
    def submission(self) -> RemoteSubmission:
        """The student's submission in the sandbox that the tests share; a sandbox that died is replaced."""
        return self._runner().remote()

    @pytest.fixture
    def fresh_submission(self) -> Iterator[RemoteSubmission]:
        """The student's submission in a sandbox of its own."""
        with self._runner().fresh_remote() as remote:
            yield remote

    @pytest.fixture
    def rng(self) -> torch.Generator:
        """A random generator on the CPU, seeded from the grading's recorded seed and the test's id."""
        import torch

        return torch.Generator().manual_seed(self._runner().seed)

    @pytest.fixture
    def reference(self) -> ModuleType:
        """The assignment's reference solution, imported here and never in the sandbox."""
        return self._runner().reference()

    @pytest.fixture
    def answers(self) -> Answers:
        """answers.toml; a missing key counts as not implemented."""
        from grader.spec.grading import Answers

        runner = self._runner()
        runner.called = True
        return Answers(runner.grading.submission.answers)

    @pytest.fixture
    def curves(self) -> Curves:
        """Takes curves of the student's for the score: `curves.add("Training loss", losses)`."""
        return self._runner().curves

    def _runner(self) -> Runner:
        runner = self._config.stash.get(RUNNER, None)
        if runner is None:
            pytest.fail("This test grades a submission: say which with --submission FILE.", pytrace=False)
        return runner
