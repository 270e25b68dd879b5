"""One warm engine for the process, kept up to date with the specs on disk."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grader import assignment
from grader.assignment import Assignment
from grader.engine import Engine, Stage
from grader.errors import InfrastructureError, SpecError, UsageError
from grader.pdf import Picture
from grader.sandbox.base import ServedBackend
from grader.scoring.model import Score, TestResult

_PREPARED_AT_ONCE = 2
_log = logging.getLogger(__name__)


class Grader:
    """Grades with the specs as they are on disk now. Safe to use from several threads."""

    def __init__(
        self,
        root: Path,
        *,
        niceness: int = 0,
        open_backend: Callable[[], ServedBackend] | None = None,
    ) -> None:
        self._root = root
        self._niceness = niceness
        self._open_backend = open_backend
        self._engine = self._open_engine()
        self._versions: dict[str, str] = {}  # that each examiner has read
        self._lock = threading.Lock()
        self._is_closed = False

    def warm_up(self, names: Iterable[str]) -> None:
        """Prepare these assignments. One with a mistake is left out: its gradings will say what it is.

        Raises:
            InfrastructureError: this machine cannot grade.
        """
        with ThreadPoolExecutor(_PREPARED_AT_ONCE) as pool:
            for _ in pool.map(self._try_to_prepare, names):
                pass

    def prepare(self, name: str) -> Assignment:
        """The assignment as it is on disk, and an examiner for just that version.

        Raises:
            SpecError: it has a mistake, or does not exist.
            InfrastructureError: the examiner cannot start.
        """
        if self._is_closed:
            raise InfrastructureError("The worker stops.")
        try:
            found = assignment.load(name, self._root)
        except UsageError as error:
            raise SpecError(str(error)) from error
        self._forget_other_version(found)
        try:
            self._engine.prepare(name)
        except SpecError:
            self._engine.forget(name)
            raise
        return found

    def grade(
        self,
        name: str,
        path: Path,
        *,
        seed: int,
        stage: Stage,
        missed: Collection[str] = (),
        gpus: bool = True,
        seconds: float,
        on_start: Callable[[int], None] = lambda _total: None,
        on_test: Callable[[TestResult], None] = lambda _result: None,
    ) -> Score:
        """See `Engine.grade`.

        Raises:
            SpecError: the author's fault, also where a test ended without a verdict.
            InfrastructureError: our fault.
        """
        score = self._engine.grade(
            name,
            path,
            seed=seed,
            stage=stage,
            missed=missed,
            gpus=gpus,
            seconds=seconds,
            on_start=on_start,
            on_test=on_test,
        )
        if score.score is None:
            broken = [f"{test.id}: {test.output}" for test in score.tests if not test.status.is_verdict]
            raise SpecError("Tests ended without a verdict:\n" + "\n".join(broken))
        return score

    def pictures(self, name: str, data: bytes, max_pages: int) -> tuple[Picture, ...]:
        """The pages of a report; see `Engine.pictures`.

        Raises:
            SubmissionError: the student's fault.
            InfrastructureError: ours.
        """
        if self._is_closed:
            raise InfrastructureError("The worker stops.")
        return self._engine.pictures(name, data, max_pages)

    def revive(self) -> None:
        """After a failure: a new engine if this one cannot start sandboxes any more."""
        with self._lock:
            if self._is_closed or self._engine.is_alive:
                return
            _log.error("The sandboxes' server has ended; a new engine is started.")
            self._close_engine()
            self._engine = self._open_engine()
            self._versions.clear()

    def close(self) -> None:
        """End the engine's processes; gradings under way fail, and no other one starts."""
        self._is_closed = True
        self._close_engine()

    def _open_engine(self) -> Engine:
        return Engine(self._root, niceness=self._niceness, open_backend=self._open_backend)

    def _close_engine(self) -> None:
        try:
            self._engine.close()
        except (InfrastructureError, OSError) as error:
            _log.warning("The engine could not be closed: %s", error)

    def _try_to_prepare(self, name: str) -> None:
        try:
            self.prepare(name)
        except SpecError as error:
            _log.error("The assignment %s cannot be graded: %s", name, error)

    def _forget_other_version(self, found: Assignment) -> None:
        with self._lock:
            known = self._versions.get(found.name)
            self._versions[found.name] = found.spec_version
            is_other = known is not None and known != found.spec_version
        if is_other:
            _log.info("The specs of %s have changed: version %s.", found.name, found.spec_version)
            self._engine.forget(found.name)
