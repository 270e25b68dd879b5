"""A signed-in browser that another site makes send requests changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from route_table import ROUTES, Asker, Level, Operation
from starlette.testclient import TestClient
from world import PASSWORD, World

UNSAFE = [name for name, level in ROUTES.items() if level > Level.PUBLIC and Operation.of(name).is_unsafe]
Ids = Mapping[str, object]


@pytest.mark.parametrize("given", [None, "", "0" * 43, "é"], ids=["none", "empty", "wrong", "not ascii"])
def test_a_cookie_alone_changes_nothing(given: str | None, ask: Asker, world: World, ids: Ids) -> None:
    cookie = {"Cookie": world.browser("admin")["Cookie"]}
    headers = cookie if given is None else cookie | {"X-CSRF-Token": given.encode()}
    answers = {name: ask(name, ids, headers) for name in UNSAFE}
    assert not [(name, answer.status_code) for name, answer in answers.items() if answer.status_code != 403]


@pytest.mark.parametrize("name", [name for name in UNSAFE if Level.ADMIN >= ROUTES[name] != Level.PERSONAL])
def test_with_its_token_it_does(name: str, ask: Asker, world: World, ids: Ids) -> None:
    answer = ask(name, ids, world.browser("admin"))
    assert answer.status_code not in (401, 403), answer.text


def test_the_token_of_another_session_will_not_do(ask: Asker, world: World, ids: Ids) -> None:
    mixed = world.browser("admin") | {"X-CSRF-Token": world.browser("alice")["X-CSRF-Token"]}
    answers = {name: ask(name, ids, mixed) for name in UNSAFE}
    assert not [(name, answer.status_code) for name, answer in answers.items() if answer.status_code != 403]


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}], ids=["fetch", "origin"]
)
def test_nobody_is_signed_in_from_another_site(
    headers: dict[str, str], world: World, client: TestClient
) -> None:
    form = {"email": world.email("alice"), "password": PASSWORD}
    assert client.post("/api/v1/session", json=form, headers=headers).status_code == 403
    assert client.post("/login", data=form, headers=headers).status_code == 403
    assert not client.cookies


def test_the_cookie_is_out_of_reach_for_scripts(world: World, client: TestClient) -> None:
    form = {"email": world.email("alice"), "password": PASSWORD}
    cookie = client.post("/api/v1/session", json=form).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
