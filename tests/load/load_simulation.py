"""The simulation beside the thing itself: the same uploads go through the real queue and the simulated one.

The queue and the database are real; uploads come as drawn, worker threads claim, sleep and finish. Then the
simulation gets the uploads at the moments at which they came, each with the time for which it really kept a
worker: claiming and finishing take their share of it, the more so on a busy machine.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence

from load_fairness import _enqueue as enqueue
from load_fairness import _students as make_students
from measurements import Measurements
from sqlalchemy import select
from world import World, make_score

from api.db.models import Job
from api.queue.claim import claim
from api.queue.deadline import Deadline, lognormal, uploads
from api.queue.finish import finish
from api.queue.simulation import Upload, quantile, simulate

_DEADLINE = Deadline(students=40, submissions=300, hours=6 / 3600, rush=2 / 3600)
_MEAN_SECONDS = 0.06  # so that at the end more comes than the workers can do
_WORKERS = 4
_SHARES = (0.5, 0.9, 0.95, 0.99)
_POLL_SECONDS = 0.001


def test_simulation(load_world: World, measured: Measurements, backend: str) -> None:
    drawn = uploads(_DEADLINE, lognormal(_MEAN_SECONDS, 0.5), seed=1)
    same, real = _run(load_world, drawn)
    simulated = sorted(one.waited for one in simulate(same, _WORKERS))
    pairs = [(quantile(real, share), quantile(simulated, share)) for share in _SHARES]
    text = ", ".join(f"{1000 * left:,.0f}/{1000 * right:,.0f}" for left, right in pairs)
    measured.add("waits 50, 90, 95, 99 %: measured/simulated, ms", backend, text)
    assert pairs[-1][0] > 2 * _MEAN_SECONDS  # there was a queue at all
    for found, expected in pairs:
        assert expected / 2 - 0.1 < found < 2 * expected + 0.2


def _run(world: World, drawn: Sequence[Upload]) -> tuple[list[Upload], list[float]]:
    """The uploads as they came and as long as each kept a worker; and how long they waited, sorted."""
    users = make_students(world)[: _DEADLINE.students]
    sender = threading.Thread(target=_send, args=(world, drawn, users))
    sender.start()
    busy = _drain(world, [one.seconds for one in drawn])
    sender.join()
    with world.database.read() as session:
        jobs = session.scalars(select(Job).where(Job.user_id.in_(users))).all()
    assert len(jobs) == len(drawn)
    begin = min(job.queued_at for job in jobs)
    came = [(job.queued_at - begin).total_seconds() for job in jobs]
    same = [Upload(at, users.index(job.user_id), busy[job.id]) for at, job in zip(came, jobs, strict=True)]
    return same, sorted((job.started_at - job.queued_at).total_seconds() for job in jobs)


def _send(world: World, drawn: Sequence[Upload], users: Sequence[uuid.UUID]) -> None:
    begin = time.monotonic()
    for one in drawn:
        time.sleep(max(0.0, begin + one.at - time.monotonic()))
        enqueue(world, users[one.user])


def _drain(world: World, seconds: Sequence[float]) -> dict[uuid.UUID, float]:
    """Grade as many submissions as there are times, each claim with the next one; how long each job took."""
    times, lock, score = iter(seconds), threading.Lock(), make_score("vu_dl_a3", 8.0, 10.0)
    busy: dict[uuid.UUID, float] = {}

    def worker(name: str) -> None:
        while True:
            with lock:
                mine = next(times, None)
            if mine is None:
                return
            begun = time.monotonic()
            while (claimed := claim(world.database, ["quick"], name, world.settings)) is None:
                time.sleep(_POLL_SECONDS)
                begun = time.monotonic()
            time.sleep(mine)
            assert finish(world.database, claimed, score, world.settings)
            busy[claimed.job_id] = time.monotonic() - begun

    threads = [threading.Thread(target=worker, args=(f"load-{number}",)) for number in range(_WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return busy
