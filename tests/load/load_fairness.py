"""2000 submissions of 300 students wait; one of them has sent 200. The others must not wait longer for him.

The queue and the database are real; a grading takes 5 ms and gives a made-up score.
"""

from __future__ import annotations

import threading
import time
import uuid

from measurements import Measurements
from sqlalchemy import select
from world import World, make_score

from api.db.base import new_id, now
from api.db.models import Assignment, Blob, Enrolment, Grading, Job, Submission, User
from api.queue.claim import claim
from api.queue.enqueue import enqueue
from api.queue.finish import finish

_STUDENTS = 300
_EACH = 6  # submissions of an ordinary student
_GREEDY = 200
_WORKERS = 4
_GRADING_SECONDS = 0.005


def test_fairness(load_world: World, measured: Measurements, backend: str) -> None:
    without = _p95_wait(load_world, 0)
    beside = _p95_wait(load_world, _GREEDY)
    text = f"{beside:.2f} s against {without:.2f} s without him: {beside / without:.2f} x"
    measured.add(f"p95 wait of the others beside one with {_GREEDY} submissions", backend, text)
    assert beside <= 1.1 * without


def _p95_wait(world: World, greedy: int) -> float:
    """Seconds until a job of an ordinary student starts, where a greedy one has sent so many before them."""
    first, *others = _students(world)
    for user in [first] * greedy + others * _EACH:
        _enqueue(world, user)
    started = now()
    _work(world)
    with world.database.read() as session:
        starts = session.scalars(select(Job.started_at).where(Job.user_id.in_(others))).all()
    waits = sorted((start - started).total_seconds() for start in starts if start is not None)
    assert len(waits) == len(others) * _EACH
    return waits[int(0.95 * len(waits))]


def _students(world: World) -> list[uuid.UUID]:
    users = [User(id=new_id(), email=f"{new_id()}@example.edu") for _ in range(_STUDENTS)]
    world.add(*users, Blob(digest=f"{new_id().int:064x}", size=1))
    world.add(*[Enrolment(course_id=world.ids["dl101"], user_id=user.id, role="student") for user in users])
    return [user.id for user in users]


def _enqueue(world: World, user: uuid.UUID) -> None:
    with world.database.write() as session:
        assignment = session.get_one(Assignment, world.ids["vu_dl_a3"])
        submission = Submission(
            id=new_id(),
            assignment=assignment,
            assignment_id=assignment.id,
            user_id=user,
            blob_digest=session.scalars(select(Blob.digest)).first(),
            file_name="conv.py",
            size=1,
            is_test=False,
        )
        session.add(submission)
        session.flush()
        grading = Grading(id=new_id(), submission_id=submission.id, seed=1)
        enqueue(session, grading, submission, assignment.spec_version, world.settings)


def _work(world: World) -> None:
    score = make_score("vu_dl_a3", 8.0, 10.0)

    def worker(name: str) -> None:
        while (claimed := claim(world.database, ["quick"], name, world.settings)) is not None:
            time.sleep(_GRADING_SECONDS)
            assert finish(world.database, claimed, score, world.settings)

    threads = [threading.Thread(target=worker, args=(f"load-{number}",)) for number in range(_WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
