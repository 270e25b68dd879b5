"""How a worker hears that it is to stop, and that nothing of it is left."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path


class Told:
    """From now on SIGTERM and SIGINT end nothing by themselves: they are heard here. In the main thread."""

    def __init__(self) -> None:
        # A pipe: a handler may run in the middle of anything, also while the main thread holds a lock.
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.tell())

    def tell(self) -> None:
        """As a signal does."""
        with suppress(BlockingIOError):  # it was told very often
            os.write(self._writing, b"x")

    def wait(self) -> None:
        """Until somebody told."""
        os.read(self._reading, 1)


def kill_children() -> None:
    """End all processes that this one started and that still run. Theirs notice."""
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # the thread has ended
            for child in (task / "children").read_text().split():
                with suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
