"""Tells workers that there is work. It may fail: the database keeps the jobs, and sweepers ring again."""

from __future__ import annotations

import contextlib
import logging
import threading
from queue import Empty, Full, Queue

from api.queue.broker import LOOK, broker_app
from api.settings import Settings

_MOST_WAITING = 200  # rings; more tell nobody anything new
_MESSAGE_SECONDS = 120  # after so long a ring is forgotten: sweepers have rung since
_PAUSE_SECONDS = 1.0  # after a failure, before the broker is tried again
_FAREWELL_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Doorbell:
    """Rings from a thread of its own, so that nobody ever waits for a broker that is away."""

    def __init__(self, settings: Settings) -> None:
        self._app = broker_app(settings, impatient=True)
        self._rings: Queue[str] = Queue(_MOST_WAITING)
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self, queue: str) -> None:
        """There is work in `queue`. Never raises, never waits."""
        with contextlib.suppress(Full):
            self._rings.put_nowait(queue)
        self._start()

    def close(self) -> None:
        """Send what was rung, for a second at most."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(_FAREWELL_SECONDS)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._work, name="doorbell", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        is_away = False
        while not (self._closing.is_set() and (is_away or self._rings.empty())):
            try:
                is_away = not self._send(self._rings.get(timeout=0.2), is_away)
            except Empty:
                continue
            if is_away:
                self._closing.wait(_PAUSE_SECONDS)
        with contextlib.suppress(Exception):
            self._app.close()

    def _send(self, queue: str, was_away: bool) -> bool:
        """Whether the broker has it. Said once: it may be away for long."""
        try:
            self._app.send_task(
                LOOK, args=[queue], queue=queue, ignore_result=True, retry=False, expires=_MESSAGE_SECONDS
            )
        except Exception as error:  # whatever a broker's client raises: the sweeper rings again
            if not was_away:
                _log.warning("The broker is away; workers will find the work by themselves: %s", error)
            return False
        if was_away:
            _log.info("The broker is back.")
        return True
