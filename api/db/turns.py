"""Whose turn it is to write to a SQLite file: first come, first served, also between processes.

SQLite's own waiting writers sleep and try again, up to 0.1 s a time. Beside a process that writes all the
time, another one starves: whenever it looks, somebody is writing.
"""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

_OUR_SECONDS = 20.0  # that threads of one process wait for each other
_THEIR_SECONDS = 2.0  # that one process waits for the others; one that hangs holds nobody up for longer
_PAUSE = 0.0005


class Turns:
    """Threads line up; then their processes do, with two locked files.

    Who waits for the turn keeps the gate shut. So whoever has just had the turn, and comes back at once, is
    behind them. It is only politeness: who waits too long goes on, and SQLite's own lock keeps order.
    """

    def __init__(self, database: Path) -> None:
        self._line = threading.Lock()
        self._gate = database.with_name(f"{database.name}-gate")
        self._turn = database.with_name(f"{database.name}-turn")

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for the turn, and leave it at the end of the `with`."""
        with ExitStack() as held:
            if self._line.acquire(timeout=_OUR_SECONDS):
                held.callback(self._line.release)
                deadline = time.monotonic() + _THEIR_SECONDS
                with self._gate.open("ab") as gate:
                    _lock(gate, deadline)
                    _lock(held.enter_context(self._turn.open("ab")), deadline)
            yield


def _lock(file: IO[bytes], deadline: float) -> None:
    """Lock it until it is closed, or go on without."""
    while time.monotonic() < deadline:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            return
