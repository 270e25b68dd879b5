"""The time that a container may take: wall seconds, and CPU seconds of all its processes."""

from __future__ import annotations

import math
import threading
import time

from grader.errors import InfrastructureError, LimitUnavailable
from grader.sandbox.base import Limits, Status, Usage
from grader.sandbox.docker import endings
from grader.sandbox.docker.endings import Reading
from grader.sandbox.docker.host_config import HARNESS_BYTES
from grader.sandbox.docker.meter import Meter

_READING_SECONDS = 10.0  # for the engine's first statistics, which take a second
_SHORTEST_CPU_CHECK = 0.02


class Clock:
    """Watches one container, from when it serves. Reads now and then: an ended container has no numbers.

    cpus: how many processors it can keep busy at a time.

    Raises:
        LimitUnavailable: the container's limits are not in force, which some runtimes ignore.
        InfrastructureError: the engine does not say what it uses.
    """

    def __init__(self, meter: Meter, limits: Limits, cpus: int) -> None:
        self._meter = meter
        self._limits = limits
        self._cpus = cpus
        self._first = self._last = self._checked_reading()
        self._started = time.monotonic()
        self._ended: float | None = None
        self._next_cpu_check = math.inf

    def _checked_reading(self) -> Reading:
        deadline = time.monotonic() + _READING_SECONDS
        while (found := self._meter.read()) is None:
            if time.monotonic() > deadline:
                raise InfrastructureError("The container engine does not say what a container uses.")
            time.sleep(0.02)
        if found.memory_limit > self._limits.memory_bytes + HARNESS_BYTES:
            raise LimitUnavailable(
                "The container runtime does not apply the limits of memory and processes.",
                "Use runc; or configure runsc with control groups, without --ignore-cgroups.",
            )
        return found

    def start(self) -> None:
        """From now on it counts: getting ready is not the submission's."""
        self._started = time.monotonic()
        self.read()
        self._first = self._last
        self._plan_cpu_check(0.0)

    def watch(self, over: threading.Event) -> Status | None:
        """Wait until the container is over, or its time is: then which one."""
        while not over.wait(self._patience()):
            if time.monotonic() >= self._wall_deadline():
                return Status.WALL
            if self._cpu_is_used_up():
                return Status.CPU
        return None

    def read(self) -> None:
        """Keep the newest reading, if there is one."""
        self._last = self._meter.read() or self._last

    def end(self) -> None:
        """It is over now."""
        self._ended = self._ended or time.monotonic()

    def usage(self) -> Usage:
        """What the submission used, as far as it was read."""
        wall = (self._ended or time.monotonic()) - self._started
        return endings.usage(self._first, self._last, wall)

    def close(self) -> None:
        """Nobody reads any more."""
        self._meter.close()

    def _wall_deadline(self) -> float:
        return self._started + self._limits.wall_seconds

    def _patience(self) -> float:
        next_look = min(self._wall_deadline(), self._next_cpu_check)
        return max(0.0, min(next_look - time.monotonic(), self._meter.pause))

    def _cpu_is_used_up(self) -> bool:
        self.read()
        used = endings.cpu_between(self._first, self._last)
        self._plan_cpu_check(used)
        return used >= self._limits.cpu_seconds

    def _plan_cpu_check(self, used: float) -> None:
        """Look again when the rest could be used up at the earliest."""
        rest = (self._limits.cpu_seconds - used) / self._cpus
        self._next_cpu_check = time.monotonic() + max(rest, _SHORTEST_CPU_CHECK)
