"""As many gradings at once as there are places, whoever woke the worker."""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from api.blobs import BlobStore
from api.db.engine import Database
from api.ops.logs import bind
from api.ops.worker_metrics import WorkerMetrics
from api.queue.claim import Claim, claim
from api.queue.doorbell import Doorbell
from api.queue.finish import fail, finish, next_queue
from api.queue.lease import give_back
from api.settings import Settings
from api.worker.grader import Grader
from api.worker.places import Places
from api.worker.progress import Progress
from api.worker.stages import run
from grader.errors import InfrastructureError, SpecError

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.02
_CLAIM_SECONDS = 2.0  # that a claim may still be on its way when the worker stops


class Bench:
    """Claims and grades until nothing is left."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        database: Database,
        blobs: BlobStore,
        doorbell: Doorbell,
        grader: Grader,
        places: Places,
        metrics: WorkerMetrics,
    ) -> None:
        self.name = name
        self.places = places
        self.stopping = threading.Event()
        self._settings = settings
        self._database = database
        self._blobs = blobs
        self._doorbell = doorbell
        self._grader = grader
        self._metrics = metrics
        self._held: dict[tuple[object, int], Claim] = {}
        self._claiming = 0  # how many threads may get a claim at any moment
        self._lock = threading.Lock()  # of these two, and of the decision to claim nothing more

    def look(self) -> None:
        """Grade until nothing is left, if there is a place. Returns at once if there is none."""
        idle_rounds = 0
        # Twice in vain: somebody may have been told of work, and have found no place, before we left ours.
        while idle_rounds < 2 and self.places.take():
            idle_rounds += 1
            try:
                while (mine := self._next()) is not None:
                    idle_rounds = 0
                    self._grade(mine)
            except SQLAlchemyError as error:  # the database is away: whoever sweeps looks again
                _log.warning("Nothing could be claimed: %s", error)
                return
            finally:
                self.places.leave()

    def held(self) -> list[Claim]:
        """What is being graded here."""
        with self._lock:
            return list(self._held.values())

    def stop(self, seconds: float) -> bool:
        """Claim nothing more; finish what there is within this time, and give the rest back.

        Returns:
            Whether everything was finished.
        """
        with self._lock:
            self.stopping.set()
        deadline = time.monotonic() + seconds
        while self._is_busy() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        is_finished = not self._is_busy()
        deadline = time.monotonic() + _CLAIM_SECONDS
        while self._claiming and time.monotonic() < deadline:  # it will be held, or there is none
            time.sleep(_POLL_SECONDS)
        for one in self.held():
            self._give_back(one)
        return is_finished

    def _is_busy(self) -> bool:
        with self._lock:
            return bool(self._held or self._claiming)

    def _give_back(self, one: Claim) -> None:
        try:
            if give_back(self._database, one, self._settings):
                _log.info("Gave back the %s stage of submission %s.", one.stage, one.submission_id)
        except SQLAlchemyError as error:  # the lease will run out
            _log.warning("Job %s could not be given back: %s", one.job_id, error)

    def _next(self) -> Claim | None:
        with self._lock:
            if self.stopping.is_set():
                return None
            self._claiming += 1
        mine = None
        try:
            with self.places.choice() as choice:
                mine = claim(self._database, choice.queues, self.name, self._settings)
                choice.took(None if mine is None else mine.queue)
        finally:
            with self._lock:
                self._claiming -= 1
                if mine is not None:
                    self._held[mine.job_id, mine.attempt] = mine
        return mine

    def _grade(self, mine: Claim) -> None:
        started = time.monotonic()
        outcome, sandboxes = "unwritten", 0
        try:
            with bind(submission_id=str(mine.submission_id), stage=mine.stage, attempt=mine.attempt):
                outcome, sandboxes = self._work(mine)
                _log.info("%s after %.3f s.", outcome, time.monotonic() - started)
        except Exception:  # the database is away for long: the lease will run out, and others try
            _log.exception("What came of job %s could not be written.", mine.job_id)
        finally:
            with self._lock:
                self._held.pop((mine.job_id, mine.attempt), None)
            self.places.done(mine.queue)
            self._metrics.ran(mine.stage, outcome, time.monotonic() - started, sandboxes)
        if outcome == "failed" and not self.stopping.is_set():
            self._grader.revive()

    def _work(self, mine: Claim) -> tuple[str, int]:
        """Grade, and write what came of it: one word for that, and how many sandboxes it took."""
        progress = Progress(self._database, mine)
        try:
            result = run(mine, self._grader, self._blobs, self._settings, progress)
        except Exception as error:
            progress.close()
            return self._failed(mine, error), 0
        progress.close()
        if not finish(self._database, mine, result.score, self._settings, all_anew=result.all_anew):
            return "lost", result.score.usage.sandboxes  # the lease: somebody else grades it, or has done so
        if (queue := next_queue(mine, result.score)) is not None:
            self._doorbell.ring(queue)
        return "done", result.score.usage.sandboxes

    def _failed(self, mine: Claim, error: Exception) -> str:
        expected = isinstance(error, (SpecError, InfrastructureError))
        _log.error("Not graded: %s", error, exc_info=None if expected else error)
        written = fail(self._database, mine, error, self._settings)
        return "failed" if written else "lost"
