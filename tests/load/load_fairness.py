"""300 students, 2000 submissions, one of them with 200 at once: nobody's first one waits for those.

The queue and the database are real; a grading takes 5 ms and gives a made-up score.
"""

from __future__ import annotations

import threading
import time
import uuid

from measurements import Measurements
from sqlalchemy import select
from world import World, make_score

from api.db.base import new_id
from api.db.models import Assignment, Blob, Enrolment, Grading, Job, Submission, User
from api.queue.claim import claim
from api.queue.enqueue import enqueue
from api.queue.finish import finish

_STUDENTS = 300
_SUBMISSIONS = 2000
_GREEDY = 200
_WORKERS = 4
_GRADING_SECONDS = 0.005


def test_fairness(load_world: World, measured: Measurements, backend: str) -> None:
    students = _students(load_world)
    greedy, others = students[0], students[1:]
    turns = [others[number % len(others)] for number in range(_SUBMISSIONS - _GREEDY)]
    started = time.monotonic()
    for user in [greedy] * _GREEDY + turns:
        _enqueue(load_world, user)
    measured.add(
        "enqueue", backend, f"{_SUBMISSIONS / (time.monotonic() - started):.0f}/s, one transaction each"
    )
    started = time.monotonic()
    _work(load_world)
    measured.add(
        f"claim and finish, {_WORKERS} workers",
        backend,
        f"{_SUBMISSIONS / (time.monotonic() - started):.0f}/s",
    )
    order = _order(load_world)
    firsts = [order.index(user) for user in others]
    measured.add("worst place of a first submission", backend, f"{max(firsts) + 1} of {_SUBMISSIONS}")
    assert max(firsts) < _STUDENTS + 2 * _WORKERS


def _students(world: World) -> list[uuid.UUID]:
    users = [User(id=new_id(), email=f"s{number}@example.edu") for number in range(_STUDENTS)]
    world.add(*users, Blob(digest="0" * 64, size=1))
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
            blob_digest="0" * 64,
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


def _order(world: World) -> list[uuid.UUID]:
    """Whose turn it was, in the order of claims."""
    with world.database.read() as session:
        return list(session.scalars(select(Job.user_id).order_by(Job.started_at)))
