"""What staff see of the queue."""

from __future__ import annotations

from queue_helpers import job_of, line_up, take

from api.db.base import new_id, now
from api.db.models import AuditEvent, Worker
from api.db.queue import JobState
from api.queue.finish import fail
from grader.errors import SpecError

QUEUE = "/api/v1/queue"


def test_depths_and_workers(client, world):
    line_up(world, "alice", slow=True)
    line_up(world, "bob")
    take(world)
    world.add(Worker(name="w", queues="quick,slow", concurrency=2, seen_at=now()))
    answer = client.get(QUEUE, headers=world.token("ta")).json()
    quick, slow, gpu = answer["queues"]
    assert (quick["queued"], quick["leased"], slow["blocked"], gpu["queued"]) == (1, 1, 1, 0)
    assert quick["oldest_seconds"] >= 0
    assert answer["workers"][0]["queues"] == ["quick", "slow"]


def test_students_see_nothing_of_it(client, world):
    for path in (QUEUE, f"{QUEUE}/dead"):
        assert client.get(path, headers=world.token("alice")).status_code == 403
        assert client.get(path).status_code == 401
    assert client.get(f"{QUEUE}/dead", headers=world.token("ta")).status_code == 403


def test_dead_letters_are_seen_and_retried_by_their_instructors(client, world):
    ids = [line_up(world, "alice") for _ in range(2)]
    for _ in ids:
        fail(world.database, take(world), SpecError("test_x: typo"), world.settings)
    assert client.get(f"{QUEUE}/dead", headers=world.token("oscar")).json()["items"] == []
    assert len(client.get(f"{QUEUE}/dead", headers=world.token("admin")).json()["items"]) == 2
    page = client.get(f"{QUEUE}/dead?limit=1", headers=world.token("instructor")).json()
    (letter,) = page["items"]
    assert (letter["kind"], letter["error"], letter["submission"]) == ("spec", "test_x: typo", str(ids[1]))
    rest = client.get(f"{QUEUE}/dead?limit=1&after={page['next']}", headers=world.token("instructor")).json()
    assert (rest["items"][0]["submission"], rest["next"]) == (str(ids[0]), None)

    path = f"{QUEUE}/dead/{letter['id']}/retry"
    assert client.post(path, headers=world.token("oscar")).status_code == 404
    assert client.post(path, headers=world.token("ta")).status_code == 403
    assert client.post(path, headers=world.token("instructor")).status_code == 202
    assert client.post(path, headers=world.token("instructor")).status_code == 409
    assert client.post(f"{QUEUE}/dead/{new_id()}/retry", headers=world.token("admin")).status_code == 404
    assert job_of(world, ids[1]).state == JobState.QUEUED
    with world.database.read() as session:
        assert session.query(AuditEvent).filter_by(action="job.retry").count() == 1


def test_an_outsider_learns_nothing_of_a_dead_letter(client, world):
    line_up(world, "alice")
    mine = take(world)
    fail(world.database, mine, SpecError("test_x: typo"), world.settings)
    for user in ("oscar", "carol"):
        real, invented = (
            client.post(f"{QUEUE}/dead/{job}/retry", headers=world.token(user))
            for job in (mine.job_id, new_id())
        )
        assert (real.status_code, invented.status_code) == (404, 404)
        assert str(mine.submission_id) not in real.text
        said = [
            answer.json()["detail"].replace(answer.url.path.split("/")[-2], "JOB")
            for answer in (real, invented)
        ]
        assert said[0] == said[1] == "There is no job 'JOB' in your courses."
