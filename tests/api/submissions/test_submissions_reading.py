"""What students and staff see of submissions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from helpers_submissions import BASE, get, set_policy
from sqlalchemy import event
from starlette.testclient import TestClient
from world import RIGHT, World

from api.db.base import now
from api.db.engine import Database
from api.db.models import Assignment, Extension, Job, Submission
from api.db.submissions import State

PAST, FUTURE = "2020-01-01T00:00Z", "2150-01-01T00:00Z"
SECRETS = ("HIDDEN", "LATER", "LAST")


def _list(client: TestClient, headers: dict[str, str], **query: Any) -> Any:
    return client.get(f"{BASE}/assignments/vu_dl_a3/submissions", headers=headers, params=query)


def test_staff_see_all_of_it(database: Database, world: World, client: TestClient) -> None:
    """On both databases."""
    shown = get(client, world.token("ta"), world.submission("alice")).json()
    assert (shown["score"], shown["max_score"]) == (8.0, 10.0)
    assert all(word in str(shown["result"]) for word in SECRETS)
    assert shown["progress"] == {"tests_done": 4, "tests_total": 4, "tests": []}


@pytest.mark.parametrize(
    ("due", "published", "score", "seen"),
    [
        (FUTURE, False, 4.0, set()),
        (PAST, False, 6.0, {"LATER"}),
        (FUTURE, True, 6.0, {"LAST"}),
        (PAST, True, 8.0, {"LATER", "LAST"}),
        (None, False, 4.0, set()),
    ],
)
def test_students_see_what_is_shown_by_now(
    client: TestClient, world: World, due: str | None, published: bool, score: float, seen: set[str]
) -> None:
    alice, submission = world.token("alice"), world.submission("alice")
    set_policy(world, due_at=due)
    world.set(Assignment, "vu_dl_a3", is_published=published)
    answers = [
        get(client, alice, submission),
        get(client, alice, submission, "/score"),
        _list(client, alice),
        get(client, alice, submission, "/events"),
    ]
    for answer in answers:
        assert {word for word in SECRETS if word in answer.text} <= seen
    assert answers[0].json()["score"] == answers[1].json()["score"] == score
    assert answers[2].json()["items"][0]["score"] == score
    assert {word for word in SECRETS if word in answers[0].text} == seen
    exported = get(client, alice, submission, "/results.json")
    assert exported.status_code == (200 if len(seen) == 2 else 409)
    assert get(client, world.token("ta"), submission, "/results.json").json()["score"] == 8.0


@pytest.mark.parametrize(("results", "due"), [("after_due", FUTURE), ("after_published", PAST)])
def test_results_may_be_shown_later_altogether(
    client: TestClient, world: World, results: str, due: str
) -> None:
    alice, submission = world.token("alice"), world.submission("alice")
    set_policy(world, results=results, due_at=due)
    shown = get(client, alice, submission).json()
    assert (shown["state"], shown["shows_results"]) == ("graded", False)
    assert [shown[field] for field in ("score", "max_score", "result", "progress")] == [None] * 4
    assert _list(client, alice).json()["items"][0]["score"] is None
    assert get(client, alice, submission, "/score").status_code == 409
    assert get(client, alice, submission, "/results.json").status_code == 409
    assert "event: test" not in get(client, alice, submission, "/events").text
    assert "event: score" not in get(client, alice, submission, "/events").text


def test_an_extension_hides_results_for_longer(client: TestClient, world: World) -> None:
    set_policy(world, due_at=PAST)
    submission, other = world.submission("alice"), world.submission("bob")
    world.add(
        Extension(
            assignment_id=world.ids["vu_dl_a3"], user_id=world.ids["alice"], due_at=now() + timedelta(days=1)
        )
    )
    assert "LATER" not in get(client, world.token("alice"), submission).text
    assert "LATER" in get(client, world.token("bob"), other).text


@pytest.mark.parametrize("what", ["", "/score", "/results.json", "/file", "/events"])
def test_nobody_elses(client: TestClient, world: World, what: str) -> None:
    submission = world.submission("alice")
    for name in ("bob", "carol", "oscar"):
        assert get(client, world.token(name), submission, what).status_code == 404
    assert get(client, {}, submission, what).status_code == 401
    assert get(client, world.token("alice"), "nonsense", what).status_code == 404
    assert get(client, world.token("alice"), submission, what).status_code != 404


def test_lists_in_pages(database: Database, world: World, client: TestClient) -> None:
    """On both databases."""
    ids = [str(world.submission("alice")) for _ in range(5)]
    other = str(world.submission("bob", state=State.FAILED))
    alice, ta = world.token("alice"), world.token("ta")
    first = _list(client, alice, limit=3).json()
    second = _list(client, alice, limit=3, after=first["next"]).json()
    assert [one["id"] for one in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None
    assert len(_list(client, ta).json()["items"]) == 6
    assert [one["id"] for one in _list(client, ta, state="failed").json()["items"]] == [other]
    assert [one["id"] for one in _list(client, ta, user=world.ids["bob"]).json()["items"]] == [other]
    assert _list(client, alice, user=world.ids["bob"]).json()["items"] == []
    assert _list(client, ta, state="lost").status_code == 422


def test_a_list_costs_the_same_however_long(client: TestClient, world: World) -> None:
    statements: list[str] = []
    engine = client.app.state.services.database.engine  # type: ignore[attr-defined]
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    alice = world.token("alice")
    _list(client, alice)  # the first use of a token is noted
    counts = []
    for _ in range(2):
        for _ in range(4):
            world.submission("alice")
        statements.clear()
        assert _list(client, alice).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 9


def test_the_file_comes_back_as_a_download(client: TestClient, world: World) -> None:
    submission = world.submission("alice", file_name='a"b\r\nX: y <ü>.html')
    answer = get(client, world.token("alice"), submission, "/file")
    assert answer.content == RIGHT
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith('attachment; filename="a_b__X_ y ___.html"; ')
    assert "x" not in answer.headers


def test_a_file_that_is_lost_is_our_fault(client: TestClient, world: World) -> None:
    submission = world.submission("alice")
    with world.database.read() as session:
        digest = session.get_one(Submission, submission).blob_digest
    client.app.state.services.blobs.delete(digest)  # type: ignore[attr-defined]
    assert get(client, world.token("alice"), submission, "/file").status_code == 503


def test_why_it_failed_is_for_the_staff(client: TestClient, world: World) -> None:
    submission = world.submission("alice", state=State.FAILED, score=None)
    with world.database.read() as session:
        grading = session.get_one(Submission, submission).grading_id
    world.add(
        Job(
            grading_id=grading,
            submission_id=submission,
            user_id=world.ids["alice"],
            stage="quick",
            queue="quick",
            state="dead",
            error="The disk burnt.",
            deadline_at=now(),
        )
    )
    assert get(client, world.token("ta"), submission).json()["error"] == "The disk burnt."
    assert get(client, world.token("alice"), submission).json()["error"] is None
    assert get(client, world.token("alice"), submission, "/score").status_code == 409
