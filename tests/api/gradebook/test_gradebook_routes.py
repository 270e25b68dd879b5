"""The routes: who may ask, pages, and the choice."""

from __future__ import annotations

import csv
import io
import uuid

import pytest

from api.accounts.actor import Scope
from api.db.accounts import User
from api.db.courses import Assignment, AuditEvent, Enrolment, Group, GroupMember
from api.db.models import Submission
from api.db.submissions import State

A3 = "/api/v1/assignments/vu_dl_a3"


@pytest.fixture
def ask(client, world):
    """GET as somebody."""

    def get(name, path, *scopes, **query):
        return client.get(path, headers=world.token(name, *scopes), params=query)

    return get


@pytest.fixture
def choose(client, world):
    def post(name, submission, *scopes):
        return client.post(f"/api/v1/submissions/{submission}/choose", headers=world.token(name, *scopes))

    return post


def test_own_standing(ask, world, database):
    mine = world.submission("alice")
    world.submission("bob", score=10.0)
    found = ask("alice", f"{A3}/standing").json()
    assert [line["id"] for line in found["submissions"]] == [str(mine)]
    assert (found["final_score"], found["is_provisional"]) == (4.0, True)


def test_a_students_standing_is_for_them_and_staff(ask, world):
    world.submission("alice")
    alice = world.ids["alice"]
    found = ask("ta", f"{A3}/standing", user=alice)
    assert (found.status_code, found.json()["final_score"]) == (200, 8.0)
    assert ask("alice", f"{A3}/standing", user=alice).json()["final_score"] == 4.0
    assert ask("bob", f"{A3}/standing", user=alice).status_code == 403
    assert ask("ta", f"{A3}/standing", Scope.READ, user=alice).status_code == 403
    assert ask("carol", f"{A3}/standing").status_code == 404
    assert ask("ta", f"{A3}/standing", user=world.ids["carol"]).status_code == 404
    assert ask("ta", f"{A3}/standing", user=uuid.uuid4()).status_code == 404
    assert ask("ta", f"{A3}/standing", user="alice").status_code == 422


@pytest.mark.parametrize("path", [f"{A3}/gradebook", f"{A3}/gradebook.csv"])
def test_the_gradebook_is_for_staff(path, ask, client, world):
    assert client.get(path).status_code == 401
    assert ask("alice", path).status_code == 403
    assert ask("ta", path, Scope.READ, Scope.SUBMIT).status_code == 403
    assert ask("oscar", path).status_code == 404
    for name in ("ta", "instructor", "admin"):
        assert ask(name, path).status_code == 200


def test_rows(ask, world, database):
    world.submission("alice", score=3.0)
    best = world.submission("alice", score=9.0)
    world.submission("alice", state=State.FAILED, score=None, max_score=None)
    world.submission("ta", is_test=True)
    page = ask("ta", f"{A3}/gradebook").json()
    assert page["next"] is None
    alice, bob = page["items"]
    assert (alice["email"], alice["name"]) == ("alice@example.edu", "Alice")
    assert (alice["counting"], alice["score"], alice["max_score"]) == (str(best), 9.0, 10.0)
    assert (alice["final_score"], alice["submissions"], alice["newest_state"]) == (9.0, 2, "failed")
    assert (bob["email"], bob["counting"], bob["final_score"], bob["submissions"]) == (
        "bob@example.edu",
        None,
        None,
        0,
    )


def enrol(world, count, section="", **columns):
    users = [User(email=f"s{number:03}@example.edu", **columns) for number in range(count)]
    world.add(*users)
    course = world.ids["dl101"]
    world.add(
        *[Enrolment(course_id=course, user_id=one.id, role="student", section=section) for one in users]
    )
    return users


def test_pages_and_sections(ask, world, database):
    enrol(world, 5, section="B")
    seen, after = [], None
    while True:
        query = {"limit": 3} | ({"after": after} if after else {})
        page = ask("ta", f"{A3}/gradebook", **query).json()
        seen.append([row["email"][:4] for row in page["items"]])
        after = page["next"]
        if after is None:
            break
    assert seen == [["alic", "bob@", "s000"], ["s001", "s002", "s003"], ["s004"]]
    assert len(ask("ta", f"{A3}/gradebook", section="B").json()["items"]) == 5
    assert ask("ta", f"{A3}/gradebook", section="C").json()["items"] == []
    assert ask("ta", f"{A3}/gradebook", after=uuid.uuid4()).json()["items"] == []
    assert ask("ta", f"{A3}/gradebook", limit=0).status_code == 422
    for path in ("gradebook", "gradebook.csv"):
        assert ask("ta", f"{A3}/{path}", section="a\0").status_code == 422


def test_csv(ask, world, database):
    world.submission("alice", score=9.0)
    enrol(world, 1, section="-2+3", name='=HYPERLINK("http://evil.example","x"),\n"')
    answer = ask("ta", f"{A3}/gradebook.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="dl101-vu_dl_a3.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [line["email"][:4] for line in lines] == ["alic", "bob@", "s000"]
    assert (lines[0]["final_score"], lines[0]["max_score"], lines[0]["submissions"]) == ("9", "10", "1")
    assert lines[1]["final_score"] == ""
    assert lines[2]["name"] == '\'=HYPERLINK("http://evil.example","x"),\n"'
    assert lines[2]["section"] == "'-2+3"
    only = ask("ta", f"{A3}/gradebook.csv", section="-2+3").text
    assert "alice" not in only


def test_choosing(ask, choose, world, database):
    world.set(Assignment, "vu_dl_a3", policy={"counts": "chosen"})
    first, second = world.submission("alice", score=2.0), world.submission("alice", score=8.0)
    assert ask("alice", f"{A3}/standing").json()["counting"] == str(second)
    for _ in range(2):
        answer = choose("alice", first)
        assert (answer.status_code, answer.json()) == (200, {"submission": str(first), "is_chosen": True})
    assert ask("alice", f"{A3}/standing").json()["counting"] == str(first)
    assert choose("alice", second).status_code == 200
    lines = ask("alice", f"{A3}/standing").json()["submissions"]
    assert [line["is_chosen"] for line in lines] == [True, False]
    with database.read() as session:
        events = session.query(AuditEvent).filter_by(action="submission.choose").all()
        assert [event.actor_id for event in events] == [world.ids["alice"]] * 2


def test_choosing_for_a_group(ask, choose, world, database):
    world.set(Assignment, "vu_dl_a3", policy={"counts": "chosen", "group_size": 2})
    group = Group(assignment_id=world.ids["vu_dl_a3"])
    world.add(group)
    for name in ("alice", "bob"):
        place = {"user_id": world.ids[name], "assignment_id": world.ids["vu_dl_a3"]}
        world.add(GroupMember(group_id=group.id, **place))
    first = world.submission("alice", group_id=group.id)
    second = world.submission("bob", group_id=group.id)
    assert choose("bob", first).status_code == 200
    assert ask("alice", f"{A3}/standing").json()["counting"] == str(first)
    assert choose("alice", second).status_code == 200
    assert ask("bob", f"{A3}/standing").json()["counting"] == str(second)


def test_what_cannot_be_chosen(choose, world):
    mine = world.submission("alice")
    refused = choose("alice", mine)
    assert refused.status_code == 409
    assert "the best submission counts" in refused.json()["detail"]
    world.set(Assignment, "vu_dl_a3", policy={"counts": "chosen"})
    for columns in ({"state": State.FAILED}, {"state": State.SUPERSEDED}, {"is_test": True}):
        assert choose("alice", world.submission("alice", **columns)).status_code == 409
    for name, status in (("bob", 404), ("carol", 404), ("ta", 200)):
        assert choose(name, mine).status_code == status
    assert choose("alice", mine, Scope.READ).status_code == 403
    assert choose("alice", "no-id").status_code == 404
    assert choose("alice", "%00").status_code == 422
    world.set(Assignment, "vu_dl_a3", is_published=True)
    other = world.submission("alice")
    assert choose("alice", other).status_code == 409
    assert choose("ta", other).status_code == 200
    with world.database.read() as session:
        assert not session.get_one(Submission, mine).is_chosen
