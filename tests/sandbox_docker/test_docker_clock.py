"""The clock of a container, with readings as an engine would give them."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest

from grader.errors import LimitUnavailable
from grader.sandbox.base import MIB, Limits, Status
from grader.sandbox.docker.clock import Clock
from grader.sandbox.docker.endings import Reading


class Readings:
    """One after the other; then there are none."""

    pause = 0.01

    def __init__(self, cpu_seconds: Iterable[float], memory_limit: int = 64 * MIB) -> None:
        self._rest = [Reading(seconds, 10 * MIB, memory_limit) for seconds in cpu_seconds]

    def read(self) -> Reading | None:
        return self._rest.pop(0) if self._rest else None

    def close(self) -> None:
        """Nothing to let go of."""


def clock(*cpu_seconds: float, **limits: float) -> Clock:
    found = Clock(Readings(cpu_seconds), Limits(**limits), cpus=1)
    found.start()
    return found


def test_getting_ready_is_not_the_submission_s():
    found = clock(5.0, 6.0, 6.5)
    found.read()
    assert found.usage().cpu_seconds == pytest.approx(0.5)


def test_cpu_seconds_used_up():
    found = clock(5.0, 5.0, 5.05, 5.2, cpu_seconds=0.1, wall_seconds=60.0)
    assert found.watch(threading.Event()) is Status.CPU


def test_wall_seconds_used_up():
    found = clock(5.0, 5.0, wall_seconds=0.05)
    assert found.watch(threading.Event()) is Status.WALL


def test_an_end_by_itself_is_no_limit():
    over = threading.Event()
    over.set()
    assert clock(5.0, 5.0, wall_seconds=60.0).watch(over) is None


def test_the_last_numbers_stay_when_there_are_no_more():
    found = clock(5.0, 5.0, 5.75)
    found.read()
    found.read()
    assert found.usage().cpu_seconds == pytest.approx(0.75)
    assert found.usage().peak_memory_bytes == 10 * MIB


def test_limits_that_are_not_in_force_are_refused():
    with pytest.raises(LimitUnavailable, match="does not apply"):
        Clock(Readings([1.0], memory_limit=2**62), Limits(), cpus=1)
