"""API tokens: scopes, escalation, revoking, expiry."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi import FastAPI
from helpers_accounts import API, browser, sign_in
from sqlalchemy import select, update
from starlette.testclient import TestClient
from world import PASSWORD, World

from api.accounts import tokens
from api.accounts.actor import Scope
from api.db.accounts import ApiToken
from api.db.base import now
from api.db.courses import AuditEvent


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/read", Scope.READ),
        ("POST", "/submit", Scope.SUBMIT),
        ("POST", "/act", Scope.STAFF),
        ("POST", "/administer", Scope.ADMIN),
    ],
)
def test_every_scope_opens_its_own_routes_only(
    client: TestClient, world: World, method: str, path: str, scope: Scope
) -> None:
    assert client.request(method, path).status_code == 401
    assert client.request(method, path, headers=world.token("admin", scope)).status_code == 200
    others = [other for other in Scope if other is not scope]
    answer = client.request(method, path, headers=world.token("admin", *others))
    assert answer.status_code == 403
    assert answer.json()["scope"] == scope.value


def test_the_admin_scope_makes_nobody_an_administrator(client: TestClient, world: World) -> None:
    assert client.post("/administer", headers=world.token("instructor")).status_code == 403


def test_who_is_not_signed_in_is_told_how(client: TestClient, world: World) -> None:
    for headers in ({}, bearer("tg_unknown"), bearer(""), bearer("x" * 5000), {"Authorization": "Bearer"}):
        answer = client.get("/read", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


def test_tokens_do_not_open_pages(client: TestClient, world: World) -> None:
    """Pages offer all that their user may do: a token of few scopes must not get there."""
    assert client.get("/page", headers=world.token("alice")).json() == "nobody"
    csrf = sign_in(client, "alice")
    assert client.get("/page").json() == "alice@example.edu"
    assert client.post("/page").status_code == 403
    assert client.post("/page", data={"csrf_token": "wrong"}).status_code == 403
    assert client.post("/page", data={"csrf_token": csrf["X-CSRF-Token"]}).status_code == 200
    files = {"csrf_token": (None, csrf["X-CSRF-Token"]), "file": ("a.py", b"")}
    assert client.post("/page", files=files).status_code == 403  # streamed bodies are not read for it


def test_an_upload_form_brings_its_csrf_token_in_a_field(client: TestClient, world: World) -> None:
    files = {"csrf_token": (None, "wrong"), "file": ("a.py", b"")}
    assert client.post("/upload", files=files).status_code == 401
    csrf = sign_in(client, "alice")
    assert client.post("/upload", files=files).status_code == 403
    files["csrf_token"] = (None, csrf["X-CSRF-Token"])
    assert client.post("/upload", files=files).status_code == 200
    assert client.post("/upload", files=files, headers={"Origin": "https://evil.example"}).status_code == 403


def test_the_command_line_signs_in(client: TestClient, world: World) -> None:
    wrong = client.post(f"{API}/login", json={"email": "alice@example.edu", "password": "wrong password"})
    assert wrong.status_code == 401
    answer = client.post(
        f"{API}/login", json={"email": "alice@example.edu", "password": PASSWORD, "name": "laptop"}
    )
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert made["scopes"] == ["read", "submit"]
    assert client.post("/submit", headers=bearer(made["token"])).status_code == 200
    assert client.post("/act", headers=bearer(made["token"])).status_code == 403
    listed = client.get(f"{API}/tokens", headers=bearer(made["token"])).json()["items"]
    assert [token["id"] for token in listed] == [made["id"]]
    assert "token" not in listed[0]
    assert listed[0]["prefix"] == made["token"][:10]
    with world.database.read() as session:
        row = session.scalars(select(ApiToken)).one()
        assert made["token"] not in str(vars(row))
        assert row.last_used_at is not None
        actions = list(session.scalars(select(AuditEvent.action)))
    assert actions == ["token.create"]
    assert client.delete(f"{API}/tokens/{made['id']}", headers=bearer(made["token"])).status_code == 204
    assert client.get("/read", headers=bearer(made["token"])).status_code == 401


def test_a_token_cannot_make_a_stronger_one(client: TestClient, world: World) -> None:
    mine = world.token("instructor", Scope.READ, Scope.SUBMIT)
    for scopes in (["staff"], ["read", "admin"], ["read", "submit", "staff", "admin"]):
        body = {"name": "more", "scopes": scopes, "password": PASSWORD}
        assert client.post(f"{API}/tokens", json=body, headers=mine).status_code == 403
    body = {"name": "same", "scopes": ["read"]}
    assert client.post(f"{API}/tokens", json=body, headers=mine).status_code == 403
    wrong = client.post(f"{API}/tokens", json=body | {"password": "wrong password"}, headers=mine)
    assert wrong.status_code == 401
    assert client.post(f"{API}/tokens", json=body | {"password": PASSWORD}, headers=mine).status_code == 201


def test_a_token_cannot_change_the_account(client: TestClient, world: World) -> None:
    mine = world.token("alice")
    assert client.patch(f"{API}/me", json={"name": "Other"}, headers=mine).status_code == 403
    assert client.delete(f"{API}/session", headers=mine).status_code == 403


def test_a_browser_makes_and_revokes_tokens(client: TestClient, world: World) -> None:
    csrf = sign_in(client, "alice")
    body = {"name": "all", "scopes": ["read", "submit", "staff", "admin"], "days": 1}
    assert client.post(f"{API}/tokens", json=body).status_code == 403
    made = client.post(f"{API}/tokens", json=body, headers=csrf).json()
    assert client.post("/act", headers=bearer(made["token"])).status_code == 200
    assert client.delete(f"{API}/tokens/{made['id']}", headers=csrf).status_code == 204
    assert client.delete(f"{API}/tokens/{made['id']}", headers=csrf).status_code == 404
    assert client.post("/act", headers=bearer(made["token"])).status_code == 401


def test_bad_tokens_are_not_made(client: TestClient, world: World) -> None:
    csrf = sign_in(client, "alice")
    for change in (
        {"scopes": []},
        {"scopes": ["root"]},
        {"name": ""},
        {"days": 0},
        {"days": 1e9},
        {"more": 1},
    ):
        answer = client.post(f"{API}/tokens", json={"name": "x"} | change, headers=csrf)
        assert answer.status_code == 422, change
    raw = '{"name": "x", "days": Infinity}'
    assert (
        client.post(
            f"{API}/tokens", content=raw, headers=csrf | {"Content-Type": "application/json"}
        ).status_code
        == 422
    )


def test_others_tokens_do_not_exist(app: FastAPI, client: TestClient, world: World) -> None:
    mine, bob = world.token("alice"), browser(app)
    with world.database.read() as session:
        identifier = session.scalars(select(ApiToken.id)).one()
    csrf = sign_in(bob, "bob")
    assert bob.delete(f"{API}/tokens/{identifier}", headers=csrf).status_code == 404
    assert client.delete(f"{API}/tokens/{identifier}", headers=world.token("bob")).status_code == 404
    assert client.delete(f"{API}/tokens/{identifier}", headers=world.token("alice")).status_code == 403
    assert client.get("/read", headers=mine).status_code == 200


def test_an_expired_token_opens_nothing(client: TestClient, world: World) -> None:
    mine = world.token("alice")
    with world.database.write() as session:
        session.execute(update(ApiToken).values(expires_at=now() - timedelta(seconds=1)))
    assert client.get("/read", headers=mine).status_code == 401


def test_there_is_an_end_to_tokens(client: TestClient, world: World) -> None:
    csrf = sign_in(client, "alice")
    for number in range(tokens.MOST):
        assert client.post(f"{API}/tokens", json={"name": str(number)}, headers=csrf).status_code == 201
    assert client.post(f"{API}/tokens", json={"name": "more"}, headers=csrf).status_code == 409


def test_use_is_noted_at_most_once_a_minute(client: TestClient, world: World) -> None:
    mine = world.token("alice")
    seen = []
    for _ in range(2):
        client.get("/read", headers=mine)
        with world.database.read() as session:
            seen.append(session.scalars(select(ApiToken.last_used_at)).one())
    assert seen[0] is not None
    assert seen[0] == seen[1]
