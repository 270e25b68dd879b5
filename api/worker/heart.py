"""The worker's heartbeat: it says that it is there, keeps its leases, and looks after what was missed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from api.db.base import now
from api.db.engine import Database
from api.db.queue import Worker
from api.queue.lease import extend, give_back_orphans
from api.queue.sweeper import sweep
from api.settings import Settings
from api.worker.bench import Bench
from api.worker.drawer import Drawer
from grader.version import __version__

_FORGOTTEN = timedelta(days=1)  # a worker that was not seen for so long is not shown any more
_log = logging.getLogger(__name__)


class Heart:
    """Beats until it is stopped."""

    def __init__(
        self, settings: Settings, database: Database, bench: Bench, drawer: Drawer | None = None
    ) -> None:
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)
        self._settings = settings
        self._database = database
        self._bench = bench
        self._drawer = drawer
        self._stopped = threading.Event()
        self._started = now()
        self._last_beat: datetime | None = None

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """The worker has ended."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
            self._try(self._sign_off)

    def _run(self) -> None:
        """Beat and sweep, each at its own pace. A beat that fails is followed by the next one."""
        next_beat = next_sweep = 0.0
        while not self._stopped.is_set():
            moment = time.monotonic()
            if moment >= next_beat:
                next_beat = moment + self._settings.heartbeat_seconds
                self._try(self.beat)
            if moment >= next_sweep:
                next_sweep = moment + self._settings.sweep_seconds
                self._try(self.sweep)
            self._stopped.wait(max(0.0, min(next_beat, next_sweep) - time.monotonic()))

    def beat(self) -> None:
        """Keep the leases, and say that this worker is there."""
        before = now()
        for lost in extend(self._database, self._bench.held(), self._settings):
            _log.warning("The lease of job %s is lost; its result will be refused.", lost.job_id)
        if self._last_beat is not None:  # a claim since then may just be on its way
            mine = self._bench.held()
            give_back_orphans(self._database, self._bench.name, mine, self._last_beat, self._settings)
        self._last_beat = before
        with self._database.write() as session:
            self._sign_on(session)

    def sweep(self) -> None:
        """Sweep, and look where there is work: so nothing depends on the broker."""
        report = sweep(self._database, self._settings)
        if report.returned or report.buried:
            _log.warning("Swept: %d jobs wait again, %d are dead letters.", report.returned, report.buried)
        if not self._bench.stopping.is_set() and set(report.work) & set(self._bench.places.queues):
            for _ in range(self._bench.places.free):
                threading.Thread(target=self._bench.look, name="look", daemon=True).start()
        if self._drawer is not None and not self._bench.stopping.is_set():
            threading.Thread(target=self._drawer.look, name="draw", daemon=True).start()

    def _sign_on(self, session: Session) -> None:
        places = self._bench.places
        session.merge(
            Worker(
                name=self._bench.name,
                queues=",".join(places.queues),
                concurrency=places.count,
                running=len(self._bench.held()),
                backend=self._settings.sandbox_backend,
                version=__version__,
                started_at=self._started,
                seen_at=now(),
            )
        )
        session.execute(delete(Worker).where(Worker.seen_at < now() - _FORGOTTEN))

    def _sign_off(self) -> None:
        with self._database.write() as session:
            session.execute(delete(Worker).where(Worker.name == self._bench.name))

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # the database may be away for a while
            _log.warning("The heart missed a beat: %s", error)
