"""Browser sessions: signing in and out, fixation, expiry, CSRF."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from fastapi import FastAPI
from helpers_accounts import API, accounts_app, browser, sign_in
from sqlalchemy import select, update
from starlette.testclient import TestClient
from world import PASSWORD, World

from api.accounts.sessions import COOKIE
from api.db.accounts import User, WebSession
from api.db.base import now
from api.settings import Settings

JSON = {"Content-Type": "application/json"}


def test_a_browser_signs_in_and_out(client: TestClient, world: World) -> None:
    assert client.get(f"{API}/me").status_code == 401
    answer = client.post(f"{API}/session", json={"email": " Alice@Example.EDU", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["user"]["email"] == "alice@example.edu"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "domain" not in cookie
    secret = client.cookies[COOKIE]
    me = client.get(f"{API}/me").json()
    assert me["email"] == "alice@example.edu"
    assert me["scopes"] == ["admin", "read", "staff", "submit"]
    assert "password" not in str(me)
    assert client.delete(f"{API}/session").status_code == 403  # no CSRF token
    assert (
        client.delete(f"{API}/session", headers={"X-CSRF-Token": answer.json()["csrf_token"]}).status_code
        == 204
    )
    client.cookies.set(COOKIE, secret)  # whoever kept the cookie has nothing
    assert client.get(f"{API}/me").status_code == 401


def test_only_hashes_of_cookies_are_kept(client: TestClient, world: World) -> None:
    sign_in(client, "alice")
    with world.database.read() as session:
        rows = list(session.scalars(select(WebSession)))
    assert len(rows) == 1
    assert client.cookies[COOKIE] not in (rows[0].token_hash, rows[0].csrf_token)


def test_cookies_are_for_https_where_there_is_https(service_settings: Settings, world: World) -> None:
    app = accounts_app(service_settings.model_copy(update={"public_url": "https://grader.example.edu"}))
    client = browser(app)
    sign_in(client, "alice")
    assert client.get(f"{API}/me").status_code == 200
    cookie = next(iter(client.cookies.jar))
    assert cookie.secure
    assert cookie.name == f"__Host-{COOKIE}"
    client.cookies.clear()
    client.cookies.set(COOKIE, cookie.value or "")  # a neighbouring host could plant this one
    assert client.get(f"{API}/me").status_code == 401


def test_signing_in_begins_a_new_session(app: FastAPI, world: World) -> None:
    """Fixation: a cookie that somebody planted before never becomes a session."""
    client = browser(app)
    client.cookies.set(COOKIE, "planted")
    sign_in(client, "alice")
    values = {cookie.value for cookie in client.cookies.jar}
    first = next(value for value in values if value != "planted")
    other = browser(app)
    other.cookies.set(COOKIE, "planted")
    assert other.get(f"{API}/me").status_code == 401
    client.cookies.clear()
    client.cookies.set(COOKIE, first)
    client.post(f"{API}/session", json={"email": "bob@example.edu", "password": PASSWORD})
    other.cookies.set(COOKIE, first)
    assert other.get(f"{API}/me").status_code == 401  # the one before has ended


def test_a_session_expires(client: TestClient, world: World) -> None:
    sign_in(client, "alice")
    with world.database.write() as session:
        session.execute(update(WebSession).values(expires_at=now() - timedelta(seconds=1)))
    assert client.get(f"{API}/me").status_code == 401


def test_a_disabled_user_is_nobody(client: TestClient, world: World) -> None:
    headers = world.token("alice")
    sign_in(client, "alice")
    world.set(User, "alice", is_active=False)
    assert client.get(f"{API}/me").status_code == 401
    assert client.get(f"{API}/me", headers=headers).status_code == 401
    refused = client.post(f"{API}/session", json={"email": "alice@example.edu", "password": PASSWORD})
    assert refused.status_code == 401


def test_wrong_pairs_all_get_the_same_answer(client: TestClient, world: World) -> None:
    world.set(User, "bob", password_hash=None)
    world.set(User, "ta", is_active=False)
    pairs = [
        ("alice@example.edu", "wrong password"),
        ("nobody@example.edu", PASSWORD),
        ("bob@example.edu", PASSWORD),
        ("ta@example.edu", PASSWORD),
        ("no address", PASSWORD),
        ("nul\0@example.edu", PASSWORD),
    ]
    bodies = set()
    for email, password in pairs:
        answer = client.post(
            f"{API}/session", content=json.dumps({"email": email, "password": password}), headers=JSON
        )
        assert answer.status_code == 401, answer.text
        bodies.add(answer.json()["detail"])
    assert len(bodies) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:8000"},
    ],
)
def test_other_sites_cannot_sign_a_browser_in(
    client: TestClient, world: World, headers: dict[str, str]
) -> None:
    body = {"email": "alice@example.edu", "password": PASSWORD}
    assert client.post(f"{API}/session", json=body, headers=headers).status_code == 403
    assert COOKIE not in client.cookies


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://127.0.0.1:8000"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}],
)
def test_ones_own_page_can(client: TestClient, world: World, headers: dict[str, str]) -> None:
    body = {"email": "alice@example.edu", "password": PASSWORD}
    assert client.post(f"{API}/session", json=body, headers=headers).status_code == 200


def test_unsafe_requests_with_a_cookie_need_the_sessions_own_csrf_token(app: FastAPI, world: World) -> None:
    alice, bob = browser(app), browser(app)
    mine, bobs = sign_in(alice, "alice"), sign_in(bob, "bob")
    for headers in ({}, bobs, {"X-CSRF-Token": ""}, {"X-CSRF-Token": b"\xff"}):
        answer = alice.patch(f"{API}/me", json={"name": "A"}, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["type"].endswith(":csrf")
    assert alice.patch(f"{API}/me", json={"name": "A"}, headers=mine).json()["name"] == "A"
    assert alice.get(f"{API}/me").json()["name"] == "A"


def test_a_wrong_token_is_not_replaced_by_the_cookie(client: TestClient, world: World) -> None:
    csrf = sign_in(client, "alice")
    headers = csrf | {"Authorization": "Bearer tg_wrong"}
    assert client.get(f"{API}/me", headers=headers).status_code == 401


def test_changing_the_password_signs_out_everywhere_else(app: FastAPI, world: World) -> None:
    here, there, token = browser(app), browser(app), world.token("alice")
    csrf = sign_in(here, "alice")
    sign_in(there, "alice")
    body = {"password": "another long one", "old_password": "wrong password"}
    assert here.patch(f"{API}/me", json=body, headers=csrf).status_code == 403
    assert here.patch(f"{API}/me", json={"password": "another long one"}, headers=csrf).status_code == 422
    weak = {"password": "short", "old_password": PASSWORD}
    assert here.patch(f"{API}/me", json=weak, headers=csrf).status_code == 422
    assert there.get(f"{API}/me").status_code == 200
    body["old_password"] = PASSWORD
    assert here.patch(f"{API}/me", json=body, headers=csrf).status_code == 200
    assert here.get(f"{API}/me").status_code == 200
    assert there.get(f"{API}/me").status_code == 401
    assert here.get(f"{API}/me", headers=token).status_code == 401
    sign_in(there, "alice", "another long one")


def test_unknown_fields_and_odd_characters_are_refused(client: TestClient, world: World) -> None:
    csrf = sign_in(client, "alice")
    assert client.patch(f"{API}/me", json={"is_admin": True}, headers=csrf).status_code == 422
    for name in ("a\0b", "a\nb", "\ud800", "x" * 201):
        body = json.dumps({"name": name})
        assert client.patch(f"{API}/me", content=body, headers=csrf | JSON).status_code == 422
    body = json.dumps({"\ud800": 1})
    assert client.patch(f"{API}/me", content=body, headers=csrf | JSON).status_code == 422
