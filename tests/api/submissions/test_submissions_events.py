"""The event stream, through a real server."""

from __future__ import annotations

import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx
import pytest
import uvicorn
from fastapi import FastAPI
from helpers_submissions import BASE, set_policy, upload
from sqlalchemy import select
from starlette.testclient import TestClient
from world import World, make_score

from api.db.models import Grading, Job, Submission, TestRow
from api.submissions.events import Cursor


@dataclass(frozen=True)
class Told:
    """One event."""

    kind: str
    data: Any
    id: str


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """The application behind a real server."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}{BASE}"
        server.should_exit = server.force_exit = True
        thread.join()


def _events(address: str, headers: dict[str, str], submission: object, last: str = "") -> Iterator[Told]:
    headers = headers | ({"Last-Event-ID": last} if last else {})
    url = f"{address}/submissions/{submission}/events"
    with httpx.stream("GET", url, headers=headers, timeout=20) as answer:
        assert answer.status_code == 200
        fields: dict[str, str] = {}
        for line in answer.iter_lines():
            if line:
                key, _, value = line.partition(": ")
                fields[key] = value
            elif "event" in fields:
                yield Told(fields["event"], json.loads(fields["data"]), fields["id"])
                fields = {}


class _Worker:
    """Writes what a worker writes."""

    def __init__(self, world: World, submission: str) -> None:
        self._world = world
        with world.database.read() as session:
            self._submission = session.get_one(Submission, uuid.UUID(submission))
            self._job = session.scalars(select(Job).where(Job.submission_id == self._submission.id)).one()
        self._score = make_score("vu_dl_a3", 8.0, 10.0)

    def start(self) -> None:
        self._world.set(Job, self._job.id, state="leased", attempt=1)
        self._world.set(Grading, self._job.grading_id, tests_total=4)
        self._world.set(Submission, self._submission.id, state="grading")

    def test(self, position: int, attempt: int = 1) -> None:
        test = self._score.tests[position]
        self._world.add(
            TestRow(
                grading_id=self._job.grading_id,
                stage="quick",
                attempt=attempt,
                position=position,
                test_id=test.id,
                status=test.status,
                score=test.score,
                max_score=test.max_score,
                visibility=test.visibility,
                result=test.model_dump(mode="json"),
            )
        )

    def finish(self) -> None:
        self._world.set(
            Grading, self._job.grading_id, score_json=self._score.model_dump(mode="json", by_alias=True)
        )
        self._world.set(Submission, self._submission.id, state="graded", score=8.0, max_score=10.0)


def test_a_grading_is_told_as_it_happens(address: str, client: TestClient, world: World) -> None:
    alice = world.token("alice")
    submission = upload(client, alice).json()["id"]
    worker, stream = _Worker(world, submission), _events(address, alice, submission)
    assert next(stream).data == {"state": "queued", "tests_total": None}
    assert (place := next(stream)).kind == "position"
    assert place.data["position"] == 1
    worker.start()
    assert next(stream).data == {"state": "grading", "tests_total": 4}
    for position in range(4):
        worker.test(position)
        written = time.monotonic()
        told = next(stream)
        assert time.monotonic() - written < 0.5
        assert (told.kind, told.data["done"], told.data["total"]) == ("test", position + 1, 4)
        assert told.data["test"]["id"] == make_score("vu_dl_a3", 8.0, 10.0).tests[position].id
    worker.finish()
    rest = list(stream)
    assert [told.kind for told in rest] == ["score", "state", "end"]
    assert rest[0].data["score"] == 4.0  # without what is withheld
    assert rest[-1].data == {"state": "graded"}


def test_it_goes_on_where_the_client_left(address: str, client: TestClient, world: World) -> None:
    alice = world.token("alice")
    submission = upload(client, alice).json()["id"]
    worker = _Worker(world, submission)
    worker.start()
    worker.test(0)
    worker.test(1)
    stream = _events(address, alice, submission)
    seen = [next(stream) for _ in range(3)]
    assert [told.kind for told in seen] == ["state", "test", "test"]
    stream.close()  # type: ignore[attr-defined]
    worker.test(2)
    worker.finish()
    rest = list(_events(address, alice, submission, seen[1].id))
    assert [told.kind for told in rest] == ["test", "test", "score", "state", "end"]
    assert [told.data["done"] for told in rest[:2]] == [2, 3]
    assert [told.kind for told in _events(address, alice, submission, rest[-3].id)] == ["state", "end"]
    again = httpx.get(
        f"{address}/submissions/{submission}/events", headers=alice | {"Last-Event-ID": rest[-1].id}
    )
    assert again.status_code == 204  # browsers stop then


def test_a_second_attempt_is_told_again(address: str, client: TestClient, world: World) -> None:
    alice = world.token("alice")
    submission = upload(client, alice).json()["id"]
    worker = _Worker(world, submission)
    worker.start()
    worker.test(0)
    stream = _events(address, alice, submission)
    assert [next(stream).kind for _ in range(2)] == ["state", "test"]
    with world.database.write() as session:
        for row in session.scalars(select(TestRow)):
            session.delete(row)
    worker.test(0, attempt=2)
    assert (again := next(stream)).kind == "test"
    assert again.data["done"] == 1
    stream.close()  # type: ignore[attr-defined]


def test_students_are_not_told_what_comes_later(address: str, client: TestClient, world: World) -> None:
    set_policy(world, results="after_published")
    alice = world.token("alice")
    submission = upload(client, alice).json()["id"]
    worker = _Worker(world, submission)
    worker.start()
    worker.test(0)
    worker.finish()
    assert [told.kind for told in _events(address, alice, submission)] == ["state", "end"]
    staff = [told.kind for told in _events(address, world.token("ta"), submission)]
    assert staff == ["test", "score", "state", "end"]


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "0" * 32 + ".queued...99999999999999999999.0", "é"])
def test_a_strange_last_event_id_means_from_the_start(text: str) -> None:
    assert Cursor.parse(text) == Cursor()


def test_cursors_survive_the_way() -> None:
    cursor = Cursor(uuid.uuid4().hex, "grading", "quick", "slow", 2, 17, is_end=True)
    assert Cursor.parse(str(cursor)) == cursor
    assert Cursor.parse(str(Cursor())) == Cursor()


def test_too_much_is_refused_at_once(address: str, world: World) -> None:
    """Also without Content-Length, and long before all of it was sent."""
    alice, sent = world.token("alice"), 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.py"\r\n\r\n'
        while sent < 100_000_000:
            sent += 2**16
            yield b"#" * 2**16

    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    url = f"{address}/assignments/vu_dl_a3/submissions"
    try:
        answer = httpx.post(url, content=endless(), headers=alice | kind, timeout=20)
    except (httpx.WriteError, httpx.ReadError):  # closed while we were still sending
        answer = None
    assert sent < 20_000_000
    assert answer is None or answer.status_code == 413


@pytest.mark.parametrize("size", [2_000_001, 2_900_000, 3_500_000, 5_000_000])
def test_a_client_that_says_how_much_reads_why(address: str, world: World, size: int) -> None:
    started = time.monotonic()
    answer = httpx.post(
        f"{address}/assignments/vu_dl_a3/submissions",
        files={"file": ("a.py", b"#" * size)},
        headers=world.token("alice"),
        timeout=20,
    )
    assert answer.status_code == 413
    assert "at most 2.0 MB" in answer.json()["detail"]
    assert time.monotonic() - started < 1.5


def test_a_client_that_goes_away_leaves_nothing(address: str, world: World) -> None:
    alice = world.token("alice")
    host, _, port = address.removeprefix("http://").partition("/")[0].partition(":")
    with socket.create_connection((host, int(port))) as connection:
        lines = [
            f"POST {BASE}/assignments/vu_dl_a3/submissions HTTP/1.1",
            "Host: x",
            f"Authorization: {alice['Authorization']}",
            "Content-Type: multipart/form-data; boundary=b",
            "Content-Length: 400000",
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        connection.sendall(b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.py"\r\n\r\n')
        connection.sendall(b"#" * 300_000)
        scratch = world.settings.home / "blobs" / "tmp"
        _wait(lambda: any(scratch.iterdir()))
    _wait(lambda: not any(scratch.iterdir()))


def _wait(condition: Any) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
