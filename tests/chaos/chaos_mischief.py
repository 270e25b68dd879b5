"""What goes wrong while students upload. Each act uploads its share and waits until it is acknowledged."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from chaos_broker import Broker
from chaos_students import Students
from processes import Service
from servers import PostgreSql, wait_for

from api.db.submissions import State

_ALL_DONE_SECONDS = 120.0


@dataclass
class Mischief:
    """The acts, over one service and its students. `share`: how many uploads each act makes."""

    service: Service
    broker: Broker
    students: Students
    share: int
    postgresql: PostgreSql | None  # where the database is one

    def acts(self) -> list[Callable[[], None]]:
        """All of them."""
        return [
            self.kill_a_grading_worker,
            self.stop_a_grading_worker,
            self.lose_messages,
            self.repeat_messages,
            self.deliver_late,
            self.kill_the_broker,
            self.kill_the_api_mid_upload,
            self.disturb_the_database,
        ]

    def kill_a_grading_worker(self) -> None:
        """SIGKILL in the middle of a grading."""
        uploads = self.students.burst(self.share)
        self.service.kill_worker(self.service.grading_worker())
        self.service.start_worker()
        _acknowledged(uploads)

    def stop_a_grading_worker(self) -> None:
        """SIGTERM: it finishes or gives back."""
        uploads = self.students.burst(self.share)
        status = self.service.stop_worker(self.service.grading_worker())
        assert status == 0, f"a worker that was told to stop ended with {status}"
        self.service.start_worker()
        _acknowledged(uploads)

    def lose_messages(self) -> None:
        """Nobody is told of the uploads."""
        with self.service.frozen_workers():
            _acknowledged(self.students.burst(self.share))
            self.broker.take()

    def repeat_messages(self) -> None:
        """Everybody is told five times."""
        with self.service.frozen_workers():
            _acknowledged(self.students.burst(self.share))
            messages = self.broker.take()
            for _ in range(5):
                self.broker.put(messages)

    def deliver_late(self) -> None:
        """The messages arrive when all that they tell of is done."""
        with self.service.frozen_workers():
            _acknowledged(self.students.burst(self.share))
            messages = self.broker.take()
        self.all_done()
        self.broker.put(messages)

    def kill_the_broker(self) -> None:
        """Uploads are acknowledged without it; it comes back empty."""
        self.broker.fail()
        _acknowledged(self.students.burst(self.share))
        self.broker.recover()

    def kill_the_api_mid_upload(self) -> None:
        """SIGKILL when half of a file has been sent."""
        half_way, killed = threading.Event(), threading.Event()
        uploads = [self.students.interrupted(half_way, killed), *self.students.burst(self.share - 1)]
        assert half_way.wait(30)
        self.service.kill_api()
        killed.set()
        self.service.start_api()
        _acknowledged(uploads)

    def disturb_the_database(self) -> None:
        """Every connection cut in the middle of a grading; in SQLite somebody else holds the write lock."""
        uploads = self.students.burst(self.share)
        self.service.grading_worker()
        if self.postgresql is not None:
            self.postgresql.cut(str(self.service.database.url.database))
        else:
            self._hold_the_write_lock()
        _acknowledged(uploads)

    def _hold_the_write_lock(self) -> None:
        connection = sqlite3.connect(
            str(self.service.database.url.database), timeout=30, isolation_level=None
        )
        try:
            connection.execute("BEGIN IMMEDIATE")
            threading.Event().wait(1.0)  # how long it is held
            connection.execute("ROLLBACK")
        finally:
            connection.close()

    def all_done(self) -> None:
        """Wait until every acknowledged upload has a score."""
        wait_for(self._is_all_graded, _ALL_DONE_SECONDS, "every submission is graded")

    def _is_all_graded(self) -> bool:
        return self.service.count(*State) == self.service.count(State.GRADED)


def _acknowledged(uploads: list[Future[None]]) -> None:
    for upload in uploads:
        upload.result(120)
