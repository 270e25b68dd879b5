"""The HTTP interface of courses, members, assignments, extensions and groups."""

from __future__ import annotations

import uuid

import pytest
from starlette.testclient import TestClient
from world import World

from api.accounts.actor import Scope
from api.courses.sync import sync_specs
from api.db.courses import Assignment, Course, SpecVersion
from api.db.engine import Database
from grader.assignment import REPOSITORY

API = "/api/v1"


class As:
    """Requests by one user."""

    def __init__(self, client: TestClient, world: World, name: str, *scopes: Scope) -> None:
        self.client, self.headers = client, world.token(name, *scopes)

    def __call__(self, method: str, path: str, status: int = 200, **options):
        headers = self.headers | options.pop("headers", {})
        answer = self.client.request(method, API + path, headers=headers, **options)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def by(client: TestClient, world: World, database: Database):
    """`by("alice")("GET", "/courses")`."""
    return lambda name, *scopes: As(client, world, name, *scopes)


def slugs(page) -> list[str]:
    return [item["slug"] for item in page["items"]]


# ---------------------------------------------------------------- courses


def test_everybody_sees_their_courses(by):
    assert slugs(by("alice")("GET", "/courses")) == ["dl101"]
    assert slugs(by("carol")("GET", "/courses")) == ["other"]
    assert set(slugs(by("admin")("GET", "/courses"))) == {"dl101", "other"}
    assert by("admin", Scope.READ)("GET", "/courses")["items"] == []
    roles = {
        name: by(name)("GET", "/courses/dl101")["role"] for name in ("alice", "ta", "instructor", "admin")
    }
    assert roles == {"alice": "student", "ta": "ta", "instructor": "instructor", "admin": "instructor"}
    by("carol")("GET", "/courses/dl101", 404)


def test_courses_come_in_pages(by, world: World):
    world.add(*(Course(slug=f"c{n}", name="C") for n in range(5)))
    seen, after = [], {}
    while True:
        page = by("admin")("GET", "/courses", params={"limit": 3, **after})
        seen += slugs(page)
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(seen) == len(set(seen)) == 7


def test_administrators_make_courses(by):
    new = {"slug": "dl2027", "name": "Deep Learning", "time_zone": "Europe/Amsterdam", "late_days": 4}
    by("instructor")("POST", "/courses", 403, json=new)
    made = by("admin")("POST", "/courses", 201, json=new)
    assert made | new == made
    assert by("admin")("POST", "/courses", 409, json=new)["type"].endswith("conflict")
    by("admin")("POST", "/courses", 422, json=new | {"slug": "a/b"})
    by("admin")("POST", "/courses", 422, json=new | {"slug": "x", "colour": "red"})
    by("admin")("POST", "/courses", 422, json=new | {"slug": "x", "name": "a\0b"})


def test_instructors_change_their_course(by):
    by("ta")("PATCH", "/courses/dl101", 403, json={"name": "X"})
    by("carol")("PATCH", "/courses/dl101", 404, json={"name": "X"})
    by("instructor", Scope.READ)("PATCH", "/courses/dl101", 403, json={"name": "X"})
    changed = by("instructor")("PATCH", "/courses/dl101", json={"name": "X", "late_days": None})
    assert (changed["name"], changed["late_days"]) == ("X", 0)
    by("instructor")("PATCH", "/courses/dl101", 422, json={"time_zone": "Mars"})
    audit = by("instructor")("GET", "/courses/dl101/audit")["items"]
    assert [(event["action"], event["actor"]["email"]) for event in audit] == [
        ("course.change", "instructor@example.edu")
    ]
    assert by("instructor")("GET", "/courses/dl101/audit", params={"action": "member.add"})["items"] == []
    by("ta")("GET", "/courses/dl101/audit", 403)
    by("instructor", Scope.READ)("GET", "/courses/dl101/audit", 403)


# ---------------------------------------------------------------- members


def test_staff_see_members(by):
    page = by("ta")("GET", "/courses/dl101/members")
    assert {item["email"].partition("@")[0] for item in page["items"]} == {"instructor", "ta", "alice", "bob"}
    staff = by("ta")("GET", "/courses/dl101/members", params={"role": "ta"})
    assert [item["name"] for item in staff["items"]] == ["Ta"]
    found = by("ta")("GET", "/courses/dl101/members", params={"q": "LIC"})
    assert [item["name"] for item in found["items"]] == ["Alice"]
    assert by("ta")("GET", "/courses/dl101/members", params={"q": "%"})["items"] == []
    by("alice")("GET", "/courses/dl101/members", 403)
    by("ta", Scope.READ)("GET", "/courses/dl101/members", 403)


def test_instructors_change_members(by, world: World):
    new = {"email": "New@Example.edu", "name": "New", "section": "A"}
    by("ta")("POST", "/courses/dl101/members", 403, json=new)
    made = by("instructor")("POST", "/courses/dl101/members", 201, json=new)
    assert (made["email"], made["role"], made["section"]) == ("new@example.edu", "student", "A")
    by("instructor")("POST", "/courses/dl101/members", 409, json=new)
    path = f"/courses/dl101/members/{made['user_id']}"
    assert by("instructor")("PATCH", path, json={"role": "ta"})["role"] == "ta"
    by("instructor")("PATCH", path, 422, json={"role": "king"})
    by("ta")("DELETE", path, 403)
    by("instructor")("DELETE", path, 204)
    by("instructor")("DELETE", path, 404)
    by("instructor")("DELETE", "/courses/dl101/members/me", 409)
    by("instructor")("PATCH", f"/courses/dl101/members/{world.ids['carol']}", 404, json={"role": "ta"})
    by("instructor")("PATCH", "/courses/dl101/members/bob@example.edu", json={"role": "ta"})
    by("instructor")("GET", "/courses/dl101/members", params={"section": "a\0"}, status=422)


def test_a_class_list_is_previewed_then_applied(by):
    text = "email,name\nnew@example.edu,New\n"
    csv = {"content": text.encode(), "headers": {"Content-Type": "text/csv; charset=utf-8"}}
    by("ta")("POST", "/courses/dl101/roster", 403, **csv)
    seen = by("instructor")("POST", "/courses/dl101/roster", **csv)
    assert (seen["applied"], seen["added"]) == (False, 1)
    assert len(by("ta")("GET", "/courses/dl101/members")["items"]) == 4
    done = by("instructor")("POST", "/courses/dl101/roster?apply=true", **csv)
    assert (done["applied"], done["added"]) == (True, 1)
    assert len(by("ta")("GET", "/courses/dl101/members")["items"]) == 5


def test_class_lists_that_are_wrong(by):
    ask = by("instructor")
    wrong = {"content": b"email\nnobody\n", "headers": {"Content-Type": "text/csv"}}
    seen = ask("POST", "/courses/dl101/roster", **wrong)
    assert [error["line"] for error in seen["errors"]] == [2]
    problem = ask("POST", "/courses/dl101/roster?apply=true", 422, **wrong)
    assert problem["errors"][0]["line"] == 2
    ask("POST", "/courses/dl101/roster", 415, content=b"x", headers={"Content-Type": "image/png"})
    ask("POST", "/courses/dl101/roster", 415, json="email\na@b.c\n")
    ask("POST", "/courses/dl101/roster", 422, json={"a": 1})
    ask("POST", "/courses/dl101/roster", 422, headers={"Content-Type": "text/csv"})


# ---------------------------------------------------------------- assignments


def test_students_see_open_assignments_in_order(by, world: World):
    assert slugs(by("alice")("GET", "/courses/dl101/assignments")) == ["vu_dl_a3", "ift6390_hw3"]
    world.set(Assignment, "vu_dl_a3", is_open=False, position=9)
    assert slugs(by("alice")("GET", "/courses/dl101/assignments")) == ["ift6390_hw3"]
    by("alice")("GET", "/assignments/vu_dl_a3", 404)
    first = by("ta")("GET", "/courses/dl101/assignments", params={"limit": 1})
    assert slugs(first) == ["ift6390_hw3"]
    rest = by("ta")("GET", "/courses/dl101/assignments", params={"limit": 1, "after": first["next"]})
    assert (slugs(rest), rest["next"]) == (["vu_dl_a3"], None)
    by("carol")("GET", "/courses/dl101/assignments", 404)


def test_instructors_make_and_change_assignments(by):
    new = {"spec": "vu_dl_a3", "slug": "again", "policy": {"due_at": "2026-12-01 23:59"}}
    by("ta")("POST", "/courses/dl101/assignments", 403, json=new)
    made = by("instructor")("POST", "/courses/dl101/assignments", 201, json=new)
    assert made["policy"]["due_at"] == "2026-12-01T23:59:00Z"
    assert made["position"] == 2
    by("instructor")("POST", "/courses/dl101/assignments", 409, json=new)
    by("instructor")("POST", "/courses/dl101/assignments", 422, json=new | {"slug": "x", "spec": "nope"})
    path = f"/assignments/{made['id']}"
    changes = {"title": "Again", "is_published": True, "policy": {"group_size": 2}}
    by("ta")("PATCH", path, 403, json=changes)
    changed = by("instructor")("PATCH", path, json=changes)
    assert (changed["title"], changed["is_published"]) == ("Again", True)
    assert changed["policy"] == made["policy"] | {"group_size": 2}
    problem = by("instructor")("PATCH", path, 422, json={"title": "No", "policy": {"late": {"kind": "nice"}}})
    assert problem["errors"][0]["field"] == "policy.late.kind"
    assert by("alice")("GET", path)["title"] == "Again"  # nothing of a refused change is done
    by("oscar")("PATCH", path, 404, json=changes)


def test_versions_are_listed_and_used(by, world: World):
    sync_specs(world.database, REPOSITORY)
    other = SpecVersion(spec="vu_dl_a3", digest="older", title="Old", config={})
    foreign = SpecVersion(spec="nope", digest="x", title="X", config={})
    world.add(other, foreign)
    versions = by("ta")("GET", "/assignments/vu_dl_a3/versions")["items"]
    assert [(row["digest"] == "older", row["is_used"]) for row in versions] == [(True, False), (False, True)]
    by("alice")("GET", "/assignments/vu_dl_a3/versions", 403)
    by("ta")("POST", f"/assignments/vu_dl_a3/versions/{other.id}/use", 403)
    by("instructor")("POST", f"/assignments/vu_dl_a3/versions/{foreign.id}/use", 404)
    by("instructor")("POST", f"/assignments/vu_dl_a3/versions/{uuid.uuid4()}/use", 404)
    used = by("instructor")("POST", f"/assignments/vu_dl_a3/versions/{other.id}/use")
    assert used["spec_version"] == "older"


def test_staff_see_the_specs(by):
    specs = by("ta")("GET", "/specs")
    assert {row["spec"] for row in specs} == {"vu_dl_a3", "ift6390_hw3"}
    assert "unfold" in next(row for row in specs if row["spec"] == "vu_dl_a3")["parts"]
    by("alice")("GET", "/specs", 403)
    by("ta", Scope.READ)("GET", "/specs", 403)
    by("admin")("GET", "/specs")


# ---------------------------------------------------------------- extensions


def test_staff_grant_extensions(by, world: World):
    world.set(Course, "dl101", time_zone="Europe/Amsterdam")
    path = "/assignments/vu_dl_a3/extensions"
    more = {"due_at": "2026-12-01 23:59", "extra_submissions": 1, "reason": "ill"}
    by("alice")("PUT", f"{path}/me", 403, json=more)
    granted = by("ta")("PUT", f"{path}/alice@example.edu", json=more)
    assert (granted["due_at"], granted["granted_by"]) == ("2026-12-01T22:59:00Z", str(world.ids["ta"]))
    assert by("alice")("GET", f"{path}/me") == granted
    assert by("alice")("GET", f"{path}/{world.ids['alice']}") == granted
    by("bob")("GET", f"{path}/alice@example.edu", 404)
    by("bob")("GET", f"{path}/me", 404)
    by("bob")("GET", path, 403)
    by("carol")("GET", f"{path}/me", 404)
    assert by("ta")("GET", path)["items"] == [granted]
    for wrong in ({}, {"due_at": "soon"}, {"due_at": "0001-01-01T00:00:00+14:00"}, {"reason": "x" * 501}):
        by("ta")("PUT", f"{path}/{world.ids['alice']}", 422, json=wrong)
    by("ta")("PUT", f"{path}/{world.ids['carol']}", 404, json=more)
    by("ta")("DELETE", f"{path}/{world.ids['alice']}", 204)
    by("ta")("DELETE", f"{path}/{world.ids['alice']}", 404)


# ---------------------------------------------------------------- groups


def test_students_team_up(by, world: World):
    path = "/assignments/vu_dl_a3/groups"
    by("alice")("POST", path, 409, json={})
    world.set(Assignment, "vu_dl_a3", policy={"group_size": 2})
    by("alice")("POST", path, 403, json={"members": ["bob@example.edu"]})
    by("alice", Scope.READ)("POST", path, 403, json={})
    group = by("alice")("POST", path, 201, json={"name": "Team"})
    assert by("bob")("GET", path)["items"] == []
    members = f"/groups/{group['id']}/members"
    by("carol")("PUT", f"{members}/me", 404)
    by("alice")("PUT", f"{members}/{world.ids['bob']}", 403)
    joined = by("bob")("PUT", f"{members}/me")
    assert [person["name"] for person in joined["members"]] == ["Alice", "Bob"]
    assert by("bob")("GET", path)["items"] == [joined] == by("ta")("GET", path)["items"]
    by("bob")("DELETE", f"{members}/{world.ids['alice']}", 403)
    by("bob")("DELETE", f"{members}/{world.ids['bob']}", 204)
    by("bob")("DELETE", f"{members}/me", 404)
    by("ta")("PUT", f"{members}/bob@example.edu")
    by("ta")("PUT", f"{members}/carol@example.edu", 404)
    for nothing in (uuid.uuid4(), "nothing", "x" * 40):
        by("alice")("PUT", f"/groups/{nothing}/members/me", 404)


def test_staff_make_groups_with_their_members(by, world: World):
    world.set(Assignment, "vu_dl_a3", policy={"group_size": 2})
    body = {"name": "A", "members": ["alice@example.edu", str(world.ids["bob"])]}
    made = by("ta")("POST", "/assignments/vu_dl_a3/groups", 201, json=body)
    assert len(made["members"]) == 2
    by("ta")("POST", "/assignments/vu_dl_a3/groups", 409, json=body)
    assert len(by("ta")("GET", "/assignments/vu_dl_a3/groups")["items"]) == 1


@pytest.mark.parametrize("path", ["/courses/%00", "/assignments/a%00b", "/courses/dl101/members?q=%00"])
def test_characters_that_databases_refuse_are_no_server_error(by, path: str):
    by("ta")("GET", path, 422)
