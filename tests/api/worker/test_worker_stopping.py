"""A worker is told to stop: while it starts, while it claims, while it grades, while nothing happens."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest
from worker_helpers import WorkerProcess, found, hand_in, is_ready, jobs, wait_until
from world import RIGHT

from api.db.queue import JobState
from api.db.submissions import State
from api.worker.bench import Bench
from api.worker.places import Places

_ENDED_SECONDS = 10.0  # that processes of processes may take to notice


@pytest.fixture
def start(service_settings, tmp_path):
    """Starts workers, and ends what is left of them."""
    started = []

    def _start(**changes):
        worker = WorkerProcess(service_settings, tmp_path / f"worker{len(started)}.log", **changes)
        started.append(worker)
        return worker

    yield _start
    for worker in started:
        worker.kill()


def descendants(pid: int) -> set[int]:
    """All processes below this one."""
    below: set[int] = set()
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            below |= {int(child)} | descendants(int(child))
    return below


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def stop_and_look(worker: WorkerProcess, seconds: float, number: int = signal.SIGTERM) -> float:
    """Tell it to stop: exit code 0, nothing left. How long it took."""
    below = descendants(worker.process.pid)
    started = time.perf_counter()
    os.kill(worker.process.pid, number)
    assert worker.process.wait(seconds) == 0, worker.words()
    took = time.perf_counter() - started
    deadline = time.monotonic() + _ENDED_SECONDS
    while left := [pid for pid in below if runs(pid)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    return took


@pytest.mark.parametrize("pause", [0.4, 1.5, 3.0])
def test_while_it_starts(world, start, pause):
    worker = start()
    time.sleep(pause)
    print(f"{stop_and_look(worker, 60.0):.2f} s")
    assert "Traceback" not in worker.words()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_while_nothing_happens(world, start, number):
    worker = start()
    wait_until(is_ready(world), worker=worker)
    time.sleep(0.5)
    print(f"{stop_and_look(worker, 60.0, number):.2f} s")  # about one, on a machine with nothing else to do
    assert not is_ready(world)()


@pytest.mark.parametrize("stop_seconds", [0.0, 8.0])
def test_with_a_job_claimed_before_celery_has_started(world, start, stop_seconds):
    """What waits when a worker starts is claimed by its heart, at once."""
    one = hand_in(world, "alice", RIGHT + b"\nimport time\ntime.sleep(0.5)\n", ring=False)
    worker = start(stop_seconds=stop_seconds, broker_url="redis://127.0.0.1:1/0")
    wait_until(lambda: found(world, one).state == State.GRADING, worker=worker)
    stop_and_look(worker, 60.0)
    (job,) = jobs(world, one)
    expected = JobState.QUEUED if stop_seconds == 0.0 else JobState.DONE
    assert (job.state, job.retries) == (expected, 0), worker.words()


def test_a_claim_on_its_way_is_given_back(database, world):
    """The stop comes while a thread waits for the answer to its claim."""
    one = hand_in(world, "alice", RIGHT, ring=False)
    nothing = cast("Any", None)
    places = Places(1, ("quick",))
    bench = Bench("me", world.settings, database, nothing, nothing, nothing, places, nothing)
    claimed: list[Any] = []
    claiming = threading.Thread(target=lambda: claimed.append(bench._next()))
    stopping = threading.Thread(target=bench.stop, args=(0.0,))
    with world.database.write() as session:  # the claim has to wait, for the lock or for the clock's row
        session.connection().exec_driver_sql("update queue_clocks set virtual_time = virtual_time")
        claiming.start()
        time.sleep(0.3)
        stopping.start()
        time.sleep(0.3)
        assert stopping.is_alive()
    claiming.join(10)
    stopping.join(10)
    assert claimed[0] is not None
    (job,) = jobs(world, one)
    assert (job.state, job.attempt, job.retries) == (JobState.QUEUED, 1, 0)
    assert bench._next() is None
