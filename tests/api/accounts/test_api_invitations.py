"""Invitations: used once, by whom they are for, and never a way to somebody else's account."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from helpers_accounts import API, sign_in
from sqlalchemy import select, update
from starlette.testclient import TestClient
from world import World

from api.accounts import service
from api.accounts.actor import Scope
from api.courses import invitations
from api.db.accounts import Invitation, User
from api.db.base import now
from api.db.courses import AuditEvent, Course, Enrolment, Role
from api.db.engine import Database
from api.errors import ApiError, NotFound

PASSWORD = "a new long password"  # noqa: S105


def invite(
    client: TestClient, world: World, course: str = "dl101", by: str = "instructor", **body: Any
) -> dict:
    answer = client.post(f"{API}/courses/{course}/invitations", json=body, headers=world.token(by))
    assert answer.status_code == 201, answer.text
    return answer.json()


def roles(world: World, email: str) -> dict[str, str]:
    with world.database.read() as session:
        query = select(Enrolment).join(User, User.id == Enrolment.user_id).where(User.email == email)
        return {row.course.slug: row.role for row in session.scalars(query)}


def test_a_new_student_joins_with_the_link(client: TestClient, world: World) -> None:
    made = invite(client, world, email="New@Example.edu", section="B")
    assert made["link"] == f"{world.settings.url}/invitations/{made['token']}"
    path = f"{API}/invitations/{made['token']}/accept"
    assert client.post(path, json={"name": "New"}).status_code == 401
    assert client.post(path, json={"name": "New", "password": "short"}).status_code == 422
    joined = client.post(path, json={"name": "New", "password": PASSWORD})
    assert joined.status_code == 200
    assert joined.json()["course"] == "dl101"
    assert roles(world, "new@example.edu") == {"dl101": "student"}
    sign_in(client, "new", PASSWORD)
    with world.database.read() as session:
        actions = set(session.scalars(select(AuditEvent.action)))
    assert actions == {"invitation.create", "user.join", "invitation.accept"}


def test_an_invitation_is_used_once(client: TestClient, world: World) -> None:
    made = invite(client, world)
    path = f"{API}/invitations/{made['token']}/accept"
    assert client.post(path, json={}, headers=world.token("carol")).status_code == 200
    again = client.post(path, json={}, headers=world.token("oscar"))
    unknown = client.post(f"{API}/invitations/nothing/accept", json={}, headers=world.token("oscar"))
    assert again.status_code == unknown.status_code == 404
    assert again.json()["detail"] == unknown.json()["detail"]
    assert roles(world, "oscar@example.edu") == {"other": "instructor"}


def test_an_open_invitation_makes_no_account(client: TestClient, world: World) -> None:
    """Else anybody could register with a colleague's address and wait to be made TA in their name."""
    made = invite(client, world)
    answer = client.post(
        f"{API}/invitations/{made['token']}/accept", json={"name": "X", "password": PASSWORD}
    )
    assert answer.status_code == 403


def test_an_invitation_for_somebody_is_for_nobody_else(client: TestClient, world: World) -> None:
    made = invite(client, world, email="carol@example.edu", role="ta")
    path = f"{API}/invitations/{made['token']}/accept"
    assert client.post(path, json={}, headers=world.token("oscar")).status_code == 403
    new = client.post(path, json={"name": "X", "password": PASSWORD})  # carol has an account and a password
    assert new.status_code == 403
    assert client.post(path, json={}, headers=world.token("carol", Scope.READ)).status_code == 403
    assert client.post(path, json={}, headers=world.token("carol")).status_code == 200
    assert roles(world, "carol@example.edu") == {"other": "student", "dl101": "ta"}


@pytest.mark.parametrize("change", [{"is_admin": True}, {"is_active": False}, {"oidc_subject": "x y"}])
def test_an_account_that_is_somebodys_is_not_given_away(
    client: TestClient, world: World, change: dict[str, Any]
) -> None:
    world.set(User, "bob", password_hash=None, **change)
    made = invite(client, world, email="bob@example.edu", role="instructor")
    path = f"{API}/invitations/{made['token']}/accept"
    assert client.post(path, json={"name": "X", "password": PASSWORD}).status_code == 403


def test_an_account_of_another_course_is_not_given_away(client: TestClient, world: World) -> None:
    """An instructor sees the links: one for a colleague's unused account would open their courses."""
    world.set(User, "oscar", password_hash=None)
    made = invite(client, world, email="oscar@example.edu")
    path = f"{API}/invitations/{made['token']}/accept"
    assert client.post(path, json={"name": "X", "password": PASSWORD}).status_code == 403


def test_an_account_from_the_roster_is_opened_by_its_invitation(client: TestClient, world: World) -> None:
    user = service.create_user(world.database, "fresh@example.edu", name="Fresh")
    made = invite(client, world, email="fresh@example.edu")
    path = f"{API}/invitations/{made['token']}/accept"
    assert client.post(path, json={"password": PASSWORD}).json()["user"]["name"] == "Fresh"
    assert service.authenticate(world.database, "fresh@example.edu", PASSWORD) is not None
    assert roles(world, user.email) == {"dl101": "student"}


def test_a_role_is_never_lowered(client: TestClient, world: World) -> None:
    lower = invite(client, world, role="student")
    path = f"{API}/invitations/{lower['token']}/accept"
    assert client.post(path, json={}, headers=world.token("ta")).status_code == 409
    assert roles(world, "ta@example.edu") == {"dl101": "ta"}
    assert client.post(path, json={}, headers=world.token("carol")).status_code == 200  # it was not used up
    higher = invite(client, world, role="instructor")
    path = f"{API}/invitations/{higher['token']}/accept"
    assert client.post(path, json={}, headers=world.token("ta")).status_code == 200
    assert roles(world, "ta@example.edu") == {"dl101": "instructor"}


def test_expired_and_revoked_ones_are_gone(client: TestClient, world: World) -> None:
    headers = world.token("instructor")
    revoked, expired = invite(client, world), invite(client, world)
    assert (
        client.delete(f"{API}/courses/dl101/invitations/{revoked['id']}", headers=headers).status_code == 204
    )
    with world.database.write() as session:
        session.execute(update(Invitation).values(expires_at=now() - timedelta(seconds=1)))
    for made in (revoked, expired):
        path = f"{API}/invitations/{made['token']}/accept"
        assert client.post(path, json={}, headers=world.token("carol")).status_code == 404


def test_only_the_courses_own_instructors_invite(client: TestClient, world: World) -> None:
    made = invite(client, world)
    for name, status in (("ta", 403), ("alice", 403), ("oscar", 404), ("carol", 404)):
        headers = world.token(name)
        path = f"{API}/courses/dl101/invitations"
        assert client.get(path, headers=headers).status_code == status
        assert client.post(path, json={"role": "instructor"}, headers=headers).status_code == status
        assert client.delete(f"{path}/{made['id']}", headers=headers).status_code == status
    elsewhere = f"{API}/courses/other/invitations/{made['id']}"
    assert client.delete(elsewhere, headers=world.token("oscar")).status_code == 404
    weak = world.token("instructor", Scope.READ, Scope.SUBMIT)
    assert client.post(f"{API}/courses/dl101/invitations", json={}, headers=weak).status_code == 403
    listed = client.get(f"{API}/courses/dl101/invitations", headers=world.token("instructor")).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert made["token"] not in str(listed)


def test_of_many_at_once_one_succeeds(database: Database) -> None:
    with database.write() as session:
        course = Course(slug="c", name="C")
        session.add(course)
    owner = service.create_user(database, "owner@example.edu")
    people = [service.create_user(database, f"p{number}@example.edu") for number in range(8)]
    with database.write() as session:
        _row, secret = invitations.create(
            session, course, owner.id, role=Role.TA, email=None, section="", days=1
        )

    def attempt(user: User) -> bool:
        try:
            invitations.accept(database, secret, user.id)
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, people)) == 1


def test_an_account_is_made_once(database: Database) -> None:
    with database.write() as session:
        course = Course(slug="c", name="C")
        session.add(course)
    owner = service.create_user(database, "owner@example.edu")
    with database.write() as session:
        _row, secret = invitations.create(
            session, course, owner.id, role=Role.STUDENT, email="new@example.edu", section="", days=1
        )

    def attempt(number: int) -> int:
        try:
            invitations.accept_as_new(database, secret, "New", f"the long password {number}")
        except ApiError:
            return -1
        return number

    with ThreadPoolExecutor(4) as pool:
        won = [number for number in pool.map(attempt, range(4)) if number >= 0]
    assert len(won) == 1
    assert service.authenticate(database, "new@example.edu", f"the long password {won[0]}") is not None
