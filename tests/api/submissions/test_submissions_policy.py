"""When handing in is possible, by the policy; idempotency; groups; regrades."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from helpers_submissions import BASE, get, set_policy, upload
from sqlalchemy import func, select
from starlette.testclient import TestClient
from world import RIGHT, World

from api.db.base import new_id, now
from api.db.engine import Database
from api.db.models import AuditEvent, Course, Extension, Grading, Group, GroupMember, Job, Submission
from api.db.submissions import State

DUE = "2020-01-01T00:00Z"


def test_the_policy_decides(client: TestClient, world: World) -> None:
    alice = world.token("alice")
    set_policy(world, due_at=DUE)
    late = upload(client, alice)
    assert late.status_code == 403
    assert late.json()["type"].endswith("too-late")
    set_policy(world, opens_at=(now() + timedelta(days=1)).isoformat())
    assert upload(client, alice).json()["type"].endswith("not-open")
    set_policy(world, due_at=DUE, late={"kind": "percent_per_day"})
    assert upload(client, alice).status_code == 202


def test_an_extension_gives_more_time(client: TestClient, world: World) -> None:
    set_policy(world, due_at=DUE)
    world.add(
        Extension(
            assignment_id=world.ids["vu_dl_a3"], user_id=world.ids["alice"], due_at=now() + timedelta(days=1)
        )
    )
    assert upload(client, world.token("alice")).status_code == 202
    assert upload(client, world.token("bob")).status_code == 403


def test_the_quota_counts_what_is_charged(client: TestClient, world: World) -> None:
    set_policy(world, submissions_per_period=2)
    alice = world.token("alice")
    world.submission("alice", state=State.FAILED)
    world.submission("alice", state=State.SUPERSEDED)
    world.submission("alice", is_test=True)
    world.submission("alice", received_at=now() - timedelta(days=2))
    assert upload(client, alice).status_code == 202
    assert upload(client, alice).status_code == 202
    refused = upload(client, alice)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("no-quota")
    assert refused.json()["next_at"]
    assert upload(client, world.token("bob")).status_code == 202


def test_late_days_are_those_the_other_assignments_leave(client: TestClient, world: World) -> None:
    world.set(Course, "dl101", late_days=2)
    policy = {"due_at": (now() - timedelta(hours=20)).isoformat(), "late": {"kind": "late_days"}}
    set_policy(world, **policy)
    set_policy(world, "ift6390_hw3", **policy)
    alice = world.token("alice")
    assert upload(client, alice).status_code == 202
    world.submission("alice", "ift6390_hw3", received_at=now() + timedelta(hours=6))  # two days late
    assert upload(client, alice).json()["type"].endswith("too-late")


def test_the_same_key_is_the_same_submission(client: TestClient, world: World) -> None:
    alice = world.token("alice")
    set_policy(world, submissions_per_period=1)
    first = upload(client, alice, key="k1")
    again = upload(client, alice, key="k1")
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    assert upload(client, alice, RIGHT + b"# other", key="k1").status_code == 409
    assert upload(client, alice, key="k1", assignment="ift6390_hw3").status_code == 409
    assert upload(client, world.token("bob"), key="k1").status_code == 202
    assert upload(client, alice, key="no good").status_code == 400
    assert upload(client, alice, key="k" * 300).status_code == 422


def test_a_group_shares(client: TestClient, world: World) -> None:
    set_policy(world, group_size=2, submissions_per_period=1)
    group = Group(id=new_id(), assignment_id=world.ids["vu_dl_a3"])
    world.add(group)
    world.add(
        *(
            GroupMember(group_id=group.id, user_id=world.ids[name], assignment_id=world.ids["vu_dl_a3"])
            for name in ("alice", "bob")
        )
    )
    answer = upload(client, world.token("alice"))
    assert answer.json()["group_id"] == str(group.id)
    bob = world.token("bob")
    assert get(client, bob, answer.json()["id"]).status_code == 200
    listed = client.get(f"{BASE}/assignments/vu_dl_a3/submissions", headers=bob).json()
    assert [one["id"] for one in listed["items"]] == [answer.json()["id"]]
    assert upload(client, bob).status_code == 409


def test_newest_replaces_waiting(client: TestClient, world: World) -> None:
    set_policy(world, newest_replaces_waiting=True, submissions_per_period=2)
    alice = world.token("alice")
    ids = [upload(client, alice).json()["id"] for _ in range(4)]  # those replaced cost no try
    states = [get(client, alice, one).json()["state"] for one in ids]
    assert states == ["superseded"] * 3 + ["queued"]


def test_uploads_at_the_same_time_never_exceed_the_quota(
    database: Database, world: World, client: TestClient
) -> None:
    """On both databases."""
    set_policy(world, submissions_per_period=3)
    alice = world.token("alice")
    statuses: list[int] = []
    keys = ["same", "same", *(None,) * 10]
    threads = [
        threading.Thread(target=lambda key=key: statuses.append(upload(client, alice, key=key).status_code))
        for key in keys
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(202) == 3
    assert set(statuses) <= {200, 202, 409}
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 3


def test_nothing_is_rung_before_it_is_committed(
    client: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def ring(_queue: str) -> None:
        with world.database.read() as session:
            seen.append(session.scalar(select(func.count()).select_from(Job)) or 0)

    monkeypatch.setattr(client.app.state.services.doorbell, "ring", ring)  # type: ignore[attr-defined]
    assert upload(client, world.token("alice")).status_code == 202
    assert seen == [1]


def test_a_regrade_keeps_the_score_until_it_is_done(
    database: Database, world: World, client: TestClient
) -> None:
    """On both databases."""
    submission = world.submission("alice")
    path = f"{BASE}/submissions/{submission}/regrade"
    assert client.post(path, headers=world.token("alice")).status_code == 403
    answer = client.post(path, headers=world.token("ta"))
    assert answer.status_code == 202, answer.text
    assert answer.json()["seed"] == 1
    shown = get(client, world.token("ta"), submission).json()
    assert (shown["score"], shown["state"]) == (8.0, "graded")
    assert client.post(path, headers=world.token("ta")).status_code == 409  # one at a time
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Grading)) == 2
        assert session.scalar(select(AuditEvent.action)) == "submission.regrade"
    waiting = world.submission("alice", state=State.QUEUED)
    again = client.post(f"{BASE}/submissions/{waiting}/regrade", headers=world.token("ta"))
    assert again.status_code == 409
