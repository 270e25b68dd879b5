"""Saves results while a stage runs, a few times a second, without holding the grading up."""

from __future__ import annotations

import logging
import threading

from api.db.engine import Database
from api.queue.claim import Claim
from api.queue.finish import save_tests
from grader.scoring.model import TestResult

_FIRST_SECONDS = 0.05  # until something is to be seen
_EVERY_SECONDS = 0.1  # between two transactions
_log = logging.getLogger(__name__)


class Progress:
    """The results of one claim. What could not be saved here is written with the score."""

    def __init__(self, database: Database, claim: Claim) -> None:
        self._database = database
        self._claim = claim
        self._lock = threading.Lock()  # of what follows
        self._pending: list[TestResult] = []
        self._total: int | None = None
        self._timer: threading.Timer | None = None
        self._pause = _FIRST_SECONDS
        self._saved = 0
        self._is_closed = False

    def on_start(self, total: int) -> None:
        """So many tests will run."""
        with self._lock:
            self._total = total
            self._wake()

    def on_test(self, result: TestResult) -> None:
        """A test has ended."""
        with self._lock:
            self._pending.append(result)
            self._wake()

    def close(self) -> None:
        """Nothing is written any more when this returns."""
        with self._lock:
            self._is_closed = True
            timer = self._timer
        if timer is not None:
            timer.cancel()
            timer.join()

    def _wake(self) -> None:
        if self._timer is None and not self._is_closed:
            self._timer = threading.Timer(self._pause, self._save)
            self._timer.daemon = True
            self._timer.start()

    def _save(self) -> None:
        with self._lock:
            results, self._pending = self._pending, []
            total, self._total = self._total, None
        try:
            if not save_tests(self._database, self._claim, results, start=self._saved, total=total):
                self._is_closed = True
            self._saved += len(results)
        except Exception as error:  # only a preview: the score brings everything
            _log.warning("Results could not be saved yet: %s", error)
            self._is_closed = True
        with self._lock:
            self._timer = None
            self._pause = _EVERY_SECONDS
            if self._pending:
                self._wake()
