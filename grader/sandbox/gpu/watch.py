"""The most memory that a sandbox had on its GPU, by asking nvidia-smi while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable

from grader.errors import InfrastructureError
from grader.sandbox.gpu.machine import Machine

_PAUSE = 0.5  # seconds between two looks: a peak that is shorter is missed


class Watch:
    """Looks until it is stopped. Device memory, less what was in use before: the GPU is nobody else's."""

    def __init__(
        self,
        machine: Machine,
        baselines: dict[str, int],
        told: Callable[[int], None] = lambda _peak: None,
        pause: float = _PAUSE,
    ) -> None:
        self.peak = 0
        self._machine = machine
        self._baselines = baselines  # by the GPU's id
        self._told = told
        self._pause = pause
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gpu-watch", daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The peak in bytes."""
        self._stopped.set()
        self._thread.join()
        return self.peak

    def _run(self) -> None:
        while True:
            self._look()
            if self._stopped.wait(self._pause):
                return

    def _look(self) -> None:
        try:
            gpus = self._machine.gpus()
        except InfrastructureError:  # the check after the sandbox will tell
            return
        used = sum(
            max(0, (gpu.used_bytes or 0) - self._baselines[gpu.id])
            for gpu in gpus
            if gpu.id in self._baselines
        )
        if used > self.peak:
            self.peak = used
            self._told(used)
