"""Runs the tests of one grading: what happens around each of them."""

from __future__ import annotations

import gc
import importlib.util
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType

import numpy as np
import pytest
import torch

from grader.assignment import Assignment
from grader.errors import SpecError
from grader.proxy.remote import RemoteSubmission
from grader.scoring.model import TestResult, TestStatus
from grader.spec.about import about
from grader.spec.close import drain_findings
from grader.spec.examples import seed_examples
from grader.spec.grading import Grading
from grader.spec.series import Curves
from grader.spec.verdict import Verdict, judge
from grader.spec.watchdog import abbreviate_arrays, bounded

RUNNER: pytest.StashKey[Runner] = pytest.StashKey()  # where pytest's config keeps it

_OWN_SECONDS = 10.0  # of processor time, for a test's own work
_MUCH_RECEIVED = 16 << 20
_NOTHING: Mapping[str, str] = {}


class Runner:
    """The plugin's state during one grading.

    missed: the sentences of test functions that did not pass in an earlier stage, by name.
    """

    def __init__(
        self, grading: Grading, points: dict[str, float], missed: Mapping[str, str] = _NOTHING
    ) -> None:
        abbreviate_arrays()
        self.grading = grading
        self.called = False  # whether the test has asked for anything of the student's
        self.seed = 0  # of the current test
        self.curves = Curves()  # which the current test adds
        self._stage = "quick"  # whose sandbox it uses
        self._points = points
        self._error: BaseException | None = None
        self._calls_before = 0
        self._statuses: dict[str, list[TestStatus]] = {name: [TestStatus.FAILED] for name in missed}
        self._sentences: dict[str, str] = dict(missed)

    # ------------------------------------------------------------ around a test

    def begin(self, item: pytest.Item) -> None:
        """Before its setup."""
        self._error, self.called, self.curves = None, False, Curves()
        test = about(item)
        self._stage = "slow" if test.slow else "quick"
        self.seed = self.grading.test_seed(test.id)
        seed_examples(item, self.seed)
        _seed_globals(self.seed)
        self._calls_before = self.grading.calls()
        drain_findings()
        self.grading.drain_output()
        self.grading.set_deadline(self._patience(item))

    def note(self, error: BaseException) -> None:
        """A phase raised; the first one counts."""
        if self._error is None:
            self._error = error

    def end(self, item: pytest.Item, duration_ms: float) -> None:
        """After its teardown: its result."""
        received = self.grading.received()
        self.grading.set_deadline(None)
        called = self.called or self.grading.calls() > self._calls_before
        verdict = judge(self._error, drain_findings(), called=called)
        test = about(item)
        self._statuses.setdefault(test.function, []).append(verdict.status)
        self._sentences[test.function] = test.sentence
        self._note_data(item)
        result = self._result(item, verdict, duration_ms)
        self.grading.results.append(result)
        self.grading.on_test(result)
        self._error = None
        if received > _MUCH_RECEIVED:
            gc.collect()  # a traceback keeps alive what the test held; nothing is collected by itself here

    def check_prerequisites(self, item: pytest.Item) -> None:
        """Skip if a test that it requires did not pass."""
        for name in about(item).requires:
            statuses = self._statuses.get(name, [])
            if any(status is not TestStatus.PASSED for status in statuses):
                pytest.skip(f"Not run, because this did not pass: {self._sentences[name]}")

    def limited(self, item: pytest.Item) -> AbstractContextManager[None]:
        """Bounds the time that the test itself computes."""
        return bounded(self._patience(item) + _OWN_SECONDS)

    def _patience(self, item: pytest.Item) -> float:
        test = about(item)
        if test.patience is not None:
            return test.patience
        deadlines = self.grading.assignment.config.deadlines
        return deadlines.slow_test_seconds if test.slow else deadlines.test_seconds

    def _note_data(self, item: pytest.Item) -> None:
        for key, value in item.user_properties:
            if key == "data":
                self.grading.data = str(value)

    def _result(self, item: pytest.Item, verdict: Verdict, duration_ms: float) -> TestResult:
        test = about(item)
        worth = self._points.get(test.id, 0.0)
        return TestResult(
            id=test.id,
            name=test.name,
            part=test.part,
            status=verdict.status,
            score=worth if verdict.status is TestStatus.PASSED else 0.0,
            max_score=worth,
            visibility=test.visibility,
            hints=verdict.hints,
            output="\n".join(verdict.output),
            stdout=self.grading.drain_output(),
            series=self.curves.series,
            duration_ms=round(duration_ms, 3),
            slow=test.slow,
        )

    # ------------------------------------------------------------ what fixtures give

    def remote(self) -> RemoteSubmission:
        """The submission in the sandbox of the test's stage."""
        session = self.grading.session(self._stage)
        return RemoteSubmission(session, self.grading.assignment.config.code.entry)

    @contextmanager
    def fresh_remote(self) -> Iterator[RemoteSubmission]:
        """The submission in a sandbox of its own."""
        session = self.grading.fresh_session(self._stage)
        try:
            yield RemoteSubmission(session, self.grading.assignment.config.code.entry)
        finally:
            session.stop()

    def reference(self) -> ModuleType:
        """The reference solution."""
        return import_reference(self.grading.assignment)


def _seed_globals(seed: int) -> None:
    """For specs that draw from the global generators: the same inputs whatever ran in this process before."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(
        seed
    )  # torch.manual_seed also notes where, for CUDA: half a millisecond


def import_reference(assignment: Assignment) -> ModuleType:
    """reference/<name>/solution.py, imported once per process.

    Raises:
        SpecError: there is none, or it fails.
    """
    name = f"tensorgrade_reference_{assignment.name}"
    if name in sys.modules:
        return sys.modules[name]
    path = assignment.reference / "solution.py"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.exists():
        raise SpecError(f"{path} does not exist.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise SpecError(f"{path} fails at import: {error!r}") from error
    return module
