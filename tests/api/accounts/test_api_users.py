"""Accounts as administrators change them, and the service behind them on both databases."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from helpers_accounts import API, browser, sign_in
from sqlalchemy import select
from starlette.testclient import TestClient
from world import World

from api.accounts import passwords, service
from api.accounts.texts import normal_email, safe_next
from api.db.accounts import User
from api.db.courses import AuditEvent
from api.db.engine import Database
from api.errors import Conflict, Unprocessable

PASSWORD = "a new long password"  # noqa: S105


def test_an_administrator_makes_and_finds_accounts(client: TestClient, world: World) -> None:
    headers = world.token("admin")
    body = {"email": "NEW@example.edu", "name": "New", "password": PASSWORD}
    made = client.post(f"{API}/users", json=body, headers=headers)
    assert made.status_code == 201
    assert client.post(f"{API}/users", json=body, headers=headers).status_code == 409
    found = client.get(f"{API}/users", params={"email": "new@"}, headers=headers).json()["items"]
    assert [user["id"] for user in found] == [made.json()["id"]]
    assert "hash" not in str(found)
    assert client.get(f"{API}/users", params={"email": "%"}, headers=headers).json()["items"] == []
    pages, after = [], None
    while True:
        page = client.get(
            f"{API}/users", params={"limit": 3} | ({"after": after} if after else {}), headers=headers
        ).json()
        pages += [user["email"] for user in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(pages) == len(set(pages)) == 8


def test_nobody_else_sees_accounts(client: TestClient, world: World) -> None:
    for name in ("instructor", "alice"):
        headers = world.token(name)
        assert client.get(f"{API}/users", headers=headers).status_code == 403
        assert (
            client.post(f"{API}/users", json={"email": "x@example.edu"}, headers=headers).status_code == 403
        )
        path = f"{API}/users/{world.ids[name]}"
        assert client.patch(path, json={"is_admin": True}, headers=headers).status_code == 403


def test_a_disabled_account_is_out_and_stays_out(app: FastAPI, client: TestClient, world: World) -> None:
    headers, token, alice = world.token("admin"), world.token("alice"), browser(app)
    sign_in(alice, "alice")
    path = f"{API}/users/{world.ids['alice']}"
    assert client.patch(path, json={"is_active": False}, headers=headers).json()["is_active"] is False
    assert alice.get(f"{API}/me").status_code == 401
    client.patch(path, json={"is_active": True}, headers=headers)
    assert alice.get(f"{API}/me").status_code == 401
    assert client.get(f"{API}/me", headers=token).status_code == 401
    sign_in(alice, "alice")


def test_an_administrator_sets_a_password(app: FastAPI, client: TestClient, world: World) -> None:
    headers, alice = world.token("admin"), browser(app)
    sign_in(alice, "alice")
    path = f"{API}/users/{world.ids['alice']}"
    assert client.patch(path, json={"password": "short"}, headers=headers).status_code == 422
    assert client.patch(path, json={"password": PASSWORD}, headers=headers).status_code == 200
    assert alice.get(f"{API}/me").status_code == 401
    sign_in(alice, "alice", PASSWORD)
    with world.database.read() as session:
        events = [(event.action, event.detail) for event in session.scalars(select(AuditEvent))]
    assert "password.change" in [action for action, _detail in events]
    assert PASSWORD not in str(events)


def test_administrators_do_not_lock_themselves_out(client: TestClient, world: World) -> None:
    headers, path = world.token("admin"), f"{API}/users/{world.ids['admin']}"
    for body in ({"is_admin": False}, {"is_active": False}, {"password": PASSWORD}):
        assert client.patch(path, json=body, headers=headers).status_code == 409
    missing = f"{API}/users/{world.ids['dl101']}"
    assert client.patch(missing, json={"name": "x"}, headers=headers).status_code == 404
    assert client.patch(missing, json={"password": PASSWORD}, headers=headers).status_code == 404


def test_the_service_on_both_databases(database: Database) -> None:
    user = service.create_user(database, "A@Example.edu", name=" A ", password=PASSWORD)
    assert (user.email, user.name) == ("a@example.edu", "A")
    with pytest.raises(Conflict):
        service.create_user(database, "a@example.EDU")
    for email in (
        "",
        "a",
        "a@b@c",
        "a b@example.edu",
        "a\0@example.edu",
        "mi\u212ae@example.edu",
        "a@" + "x" * 300,
    ):
        with pytest.raises(Unprocessable):
            service.create_user(database, email)
    found = service.authenticate(database, "a@example.edu", PASSWORD)
    assert found is not None
    assert found.id == user.id
    assert service.authenticate(database, "a@example.edu", PASSWORD + "x") is None
    service.change_password(database, user.id, PASSWORD, "quite another one")
    assert service.authenticate(database, "a@example.edu", PASSWORD) is None
    assert service.authenticate(database, "a@example.edu", "quite another one") is not None


def test_an_old_hash_is_renewed_at_the_next_sign_in(world: World) -> None:
    with world.database.read() as session:
        before = session.get_one(User, world.ids["alice"]).password_hash
    assert service.authenticate(world.database, "alice@example.edu", "correct horse battery") is not None
    with world.database.read() as session:
        after = session.get_one(User, world.ids["alice"]).password_hash
    assert before is not None
    assert after is not None
    assert passwords.needs_rehash(before)
    assert not passwords.needs_rehash(after)
    assert service.authenticate(world.database, "alice@example.edu", "correct horse battery") is not None


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaaaa", "x" * 257, "somebody@example.edu"])
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(Unprocessable):
        passwords.check_strength(password, email="somebody@example.edu")


def test_without_a_hash_it_takes_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = passwords._hasher

    class Counting:
        def verify(self, password_hash: str, password: bytes) -> bool:
            asked.append(password_hash.rpartition("$")[0].rpartition("$")[0])
            return real.verify(password_hash, password)

        def hash(self, password: str) -> str:
            return real.hash(password)

    known = passwords.hash("the right password")
    monkeypatch.setattr(passwords, "_hasher", Counting())
    assert passwords.verify(known, "the right password")
    assert not passwords.verify(None, "the right password")
    assert not passwords.verify(None, "nobody has this password")
    assert len(asked) == 3
    assert len(set(asked)) == 1  # the same parameters, so the same time


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "evil",
        "",
        None,
        "/a\nb",
        "/a\\b",
        "\t//x",
        "/\t/x",
    ],
)
def test_signing_in_never_leads_elsewhere(text: str | None) -> None:
    assert safe_next(text) == "/"


@pytest.mark.parametrize("text", ["/", "/courses/dl101?a=b#c", "/a//b", "/%2F%2Fevil"])
def test_signing_in_leads_on(text: str) -> None:
    assert safe_next(text) == text


def test_addresses_that_look_alike_stay_apart() -> None:
    assert normal_email(" Mike@Example.edu ") == "mike@example.edu"
    with pytest.raises(ValueError, match="e-mail"):
        normal_email("mi\u212ae@example.edu")  # a Kelvin sign, which lower() makes a k
