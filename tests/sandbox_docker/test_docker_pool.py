"""The pool by itself, with containers that are stand-ins: their starts take as long as a test wants."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.errors import InfrastructureError, LimitUnavailable
from grader.sandbox.base import Limits, Result, Status, Usage
from grader.sandbox.docker.pool import STARTS_AT_ONCE, Pool

ONE, OTHER = Limits(), Limits(threads=2)


class StandIn:
    def __init__(self, number: int, limits: Limits) -> None:
        self.id, self.limits = str(number), limits
        self.is_alive = True
        self.stopped = 0

    def stop(self, *, wait: bool = True) -> Result:
        self.is_alive = False
        self.stopped += 1
        return Result(Status.STOPPED, Usage())


class Starts:
    """Makes stand-ins; remembers them all."""

    def __init__(self) -> None:
        self.made: list[StandIn] = []
        self.seconds = 0.0
        self.failure: Exception | None = None
        self.at_once = self.most_at_once = 0
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def __call__(self, limits: Limits) -> StandIn:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            time.sleep(self.seconds)
            if self.failure is not None:
                raise self.failure
            self.made.append(StandIn(next(self._numbers), limits))
            return self.made[-1]
        finally:
            with self._lock:
                self.at_once -= 1


@pytest.fixture
def starts() -> Starts:
    return Starts()


@pytest.fixture
def make(starts) -> Iterator[Callable[..., Pool]]:
    pools = []

    def make_one(**options) -> Pool:
        pools.append(Pool(starts, **{"warm": 2, "most": 4, "idle_seconds": 60.0, **options}))
        return pools[-1]

    yield make_one
    for pool in pools:
        pool.close()
    assert all(container.stopped for container in starts.made)


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nothing_starts_before_limits_are_known(make, starts):
    pool = make()
    time.sleep(0.1)
    assert starts.made == []
    assert pool.counts() == (0, 0, 0)


def test_the_first_is_a_cold_start_and_the_next_are_ready(make, starts):
    pool = make()
    starts.seconds = 0.2
    pool.take(ONE)
    until(lambda: pool.counts() == (2, 0, 1))
    before = time.monotonic()
    pool.take(ONE)
    assert time.monotonic() - before < 0.1
    until(lambda: pool.counts() == (2, 0, 2))


def test_no_container_is_handed_out_twice(make):
    pool = make(most=3)
    seen = []
    for _ in range(10):
        container = pool.take(ONE)
        seen.append(container.id)
        pool.end(container, wait=True)
    assert len(set(seen)) == 10


def test_each_kind_of_limits_has_its_own(make):
    pool = make(most=8)
    assert pool.take(ONE).limits == ONE
    assert pool.take(OTHER).limits == OTHER
    until(lambda: pool.counts() == (4, 0, 2))


def test_never_more_than_most(make):
    pool = make(most=3, warm=2, patience=0.3)
    taken = [pool.take(ONE) for _ in range(3)]
    with pytest.raises(InfrastructureError, match="No container was free"):
        pool.take(ONE)
    assert pool.counts() == (0, 0, 3)
    pool.end(taken.pop(), wait=True)
    pool.take(ONE)


def test_a_waiting_taker_gets_what_another_gives_back(make):
    pool = make(most=1, warm=1)
    container = pool.take(ONE)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.take, ONE)
        time.sleep(0.1)
        assert not waiting.done()
        pool.end(container, wait=False)
        assert waiting.result(timeout=5) is not container


def test_a_spare_of_another_kind_makes_room(make, starts):
    pool = make(most=3, warm=2)
    pool.take(ONE)
    until(lambda: pool.counts() == (2, 0, 1))
    pool.take(OTHER)
    assert sum(pool.counts()) <= 3
    until(lambda: sum(container.stopped for container in starts.made) == 1)


def test_a_slow_kind_does_not_hold_up_another(make, starts):
    pool = make()
    pool.take(ONE)
    until(lambda: pool.counts() == (2, 0, 1))
    starts.seconds = 1.0
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(pool.take, OTHER)
        before = time.monotonic()
        pool.take(ONE)
        assert time.monotonic() - before < 0.5
        slow.result(timeout=5)


def test_few_starts_at_once(make, starts):
    pool = make(most=16, warm=1)
    starts.seconds = 0.05
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: pool.take(ONE), range(8)))
    assert starts.most_at_once <= STARTS_AT_ONCE


def test_spares_leave_room_for_gradings(make, starts):
    """While nobody waits, fewer containers start at once."""
    pool = make(most=16, warm=8)
    pool.take(ONE)
    starts.most_at_once, starts.seconds = 0, 0.05
    until(lambda: pool.counts() == (8, 0, 1))
    assert starts.most_at_once <= max(1, STARTS_AT_ONCE // 2)


def test_a_start_that_fails_is_told_and_the_next_one_works(make, starts):
    pool = make()
    starts.failure = InfrastructureError("The container engine does not answer.")
    with pytest.raises(InfrastructureError, match="does not answer"):
        pool.take(ONE)
    starts.failure = None
    pool.take(ONE)
    until(lambda: pool.counts() == (2, 0, 1))


def test_an_unexpected_failure_is_ours(make, starts):
    pool = make()
    starts.failure = ValueError("odd")
    with pytest.raises(InfrastructureError, match="ValueError: odd"):
        pool.take(ONE)


def test_limits_that_cannot_be_enforced_are_refused_and_have_no_spares(make, starts):
    pool = make()
    starts.failure = LimitUnavailable("No GPU.", "Buy one.")
    with pytest.raises(LimitUnavailable, match="Buy one"):
        pool.take(ONE)
    assert pool.counts() == (0, 0, 0)


def test_a_spare_that_died_is_not_handed_out(make, starts):
    pool = make()
    pool.take(ONE)
    until(lambda: pool.counts() == (2, 0, 1))
    dead = starts.made[1:]
    for container in dead:
        container.is_alive = False
    assert pool.take(ONE) not in dead
    until(lambda: all(container.stopped for container in dead))


def test_what_nobody_uses_goes(make, starts):
    pool = make(idle_seconds=0.3)
    container = pool.take(ONE)
    until(lambda: pool.counts() == (2, 0, 1))
    until(lambda: pool.counts() == (0, 0, 1))
    until(lambda: [one.stopped for one in starts.made[1:]] == [1, 1])
    assert not container.stopped


def test_without_warm_ones_each_is_a_cold_start(make, starts):
    pool = make(warm=0)
    pool.take(ONE)
    time.sleep(0.1)
    assert len(starts.made) == 1


def test_close_ends_those_in_use_ready_and_getting_ready(make, starts):
    pool = make()
    pool.take(ONE)
    starts.seconds = 0.3
    pool.take(ONE)
    pool.close()
    assert all(container.stopped for container in starts.made)
    with pytest.raises(InfrastructureError, match="stops"):
        pool.take(ONE)
