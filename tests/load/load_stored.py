"""Lists and pages of a service that has 100,000 submissions."""

from __future__ import annotations

import os
import time
import uuid
from datetime import timedelta

from measurements import Measurements
from sqlalchemy import insert
from starlette.testclient import TestClient
from world import World, make_score

from api.app import create_app
from api.db.base import new_id, now
from api.db.models import Blob, Enrolment, Grading, Job, Submission, User
from api.db.queue import JobState
from api.db.submissions import State

_STUDENTS = int(os.environ.get("LOAD_STUDENTS", "1000"))
_EACH = 100
_REQUESTS = 40
_BATCH = 5000


def test_100_000_stored(load_world: World, measured: Measurements, backend: str) -> None:
    student, last = _fill(load_world)
    assignment = "/api/v1/assignments/vu_dl_a3"
    asked = {
        "one submission": (f"/api/v1/submissions/{last}", "alice"),
        "list, own": (f"{assignment}/submissions", "alice"),
        "list, staff": (f"{assignment}/submissions", "instructor"),
        "list, staff, one student": (f"{assignment}/submissions?user={student}", "instructor"),
        "list, staff, page far back": (
            f"{assignment}/submissions?after={uuid.UUID(int=2**127)}",
            "instructor",
        ),
        "standing": (f"{assignment}/standing", "alice"),
        "gradebook, a page": (f"{assignment}/gradebook", "instructor"),
        "gradebook, CSV of all": (f"{assignment}/gradebook.csv", "instructor"),
        "home page": ("/", "alice"),
        "queue": ("/api/v1/queue", "admin"),
        "metrics": ("/metrics", "admin"),
    }
    with TestClient(create_app(load_world.settings), base_url=load_world.settings.url) as client:
        for what, (address, who) in asked.items():
            headers = load_world.browser(who) if address == "/" else load_world.token(who)
            what_of = f"{_STUDENTS * _EACH:,} stored: {what}"
            measured.times(what_of, backend, _ask(client, address, headers))


def _ask(client: TestClient, address: str, headers: dict[str, str]) -> list[float]:
    seconds = []
    for _ in range(_REQUESTS if "csv" not in address else 3):
        started = time.monotonic()
        answer = client.get(address, headers=headers)
        seconds.append(time.monotonic() - started)
        assert answer.status_code == 200, f"{address}: {answer.text}"
    return seconds


def _fill(world: World) -> tuple[uuid.UUID, uuid.UUID]:
    """Returns a student, and alice's last submission."""
    users = [User(id=new_id(), email=f"s{number}@example.edu") for number in range(_STUDENTS - 1)]
    world.add(*users, Blob(digest="0" * 64, size=1))
    world.add(*[Enrolment(course_id=world.ids["dl101"], user_id=user.id, role="student") for user in users])
    owners = [world.ids["alice"], *(user.id for user in users)]
    turns = [owner for _ in range(_EACH) for owner in owners]
    score = make_score("vu_dl_a3", 8.0, 10.0).model_dump(mode="json", by_alias=True)
    mine = [
        one
        for start in range(0, len(turns), _BATCH)
        for one in _insert(world, turns[start : start + _BATCH], score)
    ]
    return users[0].id, mine[-1]


def _insert(world: World, owners: list[uuid.UUID], score: dict[str, object]) -> list[uuid.UUID]:
    """Returns those of alice."""
    moment = now() - timedelta(days=1)
    submissions, gradings, jobs = [], [], []
    for owner in owners:
        ids = {"submission_id": new_id(), "grading_id": new_id()}
        submissions.append(
            {
                "id": ids["submission_id"],
                "assignment_id": world.ids["vu_dl_a3"],
                "user_id": owner,
                "blob_digest": "0" * 64,
                "file_name": "conv.py",
                "size": 1,
                "received_at": moment,
                "state": State.GRADED,
                "grading_id": ids["grading_id"],
                "score": 8.0,
                "max_score": 10.0,
            }
        )
        gradings.append(
            {
                "id": ids["grading_id"],
                "submission_id": ids["submission_id"],
                "seed": 1,
                "score_json": score,
                "score": 8.0,
                "max_score": 10.0,
                "finished_at": moment,
            }
        )
        jobs.append(
            ids
            | {
                "user_id": owner,
                "stage": "quick",
                "queue": "quick",
                "state": JobState.DONE,
                "deadline_at": moment,
                "finished_at": moment,
            }
        )
    with world.database.write() as session:
        session.execute(insert(Submission), submissions)
        session.execute(insert(Grading), gradings)
        session.execute(insert(Job), jobs)
    return [row["id"] for row in submissions if row["user_id"] == world.ids["alice"]]
