"""How many gradings run at once, and of which queues.

Slow stages take minutes, and students wait for quick ones: where there are several places, one is always left
for quick stages, and one is open to slow stages even while quick ones wait.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_QUICK, _GPU = "quick", "gpu"


class Choice:
    """The queues that may be claimed from now, the preferred one first."""

    def __init__(self, queues: Sequence[str]) -> None:
        self.queues = queues
        self.taken: str | None = None

    def took(self, queue: str | None) -> None:
        """From which queue something was claimed."""
        self.taken = queue


class Places:
    """The places of one worker.

    gpu_slots: how many sandboxes can have a GPU at once; None: not known, so as many as there are places.
    """

    def __init__(self, count: int, queues: Sequence[str], gpu_slots: int | None = None) -> None:
        self.count = count
        self.queues = tuple(queues)
        self._quick = [queue for queue in queues if queue == _QUICK]
        self._slow = [queue for queue in queues if queue != _QUICK]
        self._most_slow = max(1, count - 1) if self._quick else count
        self._running_slow = 0
        self._gpu_slots = count if gpu_slots is None else gpu_slots
        self._running_gpu = 0
        self._free = count
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        """How many places nobody uses."""
        return self._free

    def take(self) -> bool:
        """Take a place, if one is free."""
        with self._lock:
            if self._free == 0:
                return False
            self._free -= 1
            return True

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self._free += 1

    @contextmanager
    def choice(self) -> Iterator[Choice]:
        """What to claim from. Call `took` with what came of it, and `done` when that has ended."""
        with self._lock:
            may_be_slow = bool(self._slow) and self._running_slow < self._most_slow
            slow_first = may_be_slow and self._running_slow == 0 and self.count > 1
            self._running_slow += may_be_slow
            may_have_gpu = may_be_slow and self._running_gpu < self._gpu_slots
            self._running_gpu += may_have_gpu
        order = self._order(may_be_slow, slow_first)
        chosen = Choice([queue for queue in order if queue != _GPU or may_have_gpu])
        try:
            yield chosen
        finally:
            with self._lock:
                self._running_slow -= may_be_slow and chosen.taken not in self._slow
                self._running_gpu -= may_have_gpu and chosen.taken != _GPU

    def done(self, queue: str) -> None:
        """What was claimed from this queue has ended."""
        with self._lock:
            self._running_slow -= queue in self._slow
            self._running_gpu -= queue == _GPU

    def _order(self, may_be_slow: bool, slow_first: bool) -> list[str]:
        if not may_be_slow:
            return self._quick
        return [*self._slow, *self._quick] if slow_first else [*self._quick, *self._slow]
