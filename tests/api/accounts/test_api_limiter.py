"""Rate limits: who is counted, by what address, and what happens without Redis."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from helpers_accounts import API, accounts_app, browser
from starlette.requests import Request
from world import PASSWORD, World

from api.errors import TooManyRequests
from api.limiter import Limiter, client_address, client_key
from api.settings import Settings


@pytest.fixture
def strict(service_settings: Settings) -> Settings:
    return service_settings.model_copy(update={"rate_limits": True, "login_rate": "3/minute"})


def attempt(app: FastAPI, address: str, email: str, password: str = "", path: str = "session") -> int:
    client = browser(app, address)
    body = {"email": email, "password": password or "a wrong password"}
    return client.post(f"{API}/{path}", json=body).status_code


def test_guessing_at_one_account_ends_from_wherever_it_comes(strict: Settings, world: World) -> None:
    app = accounts_app(strict)
    paths = ("session", "login", "session", "login")
    found = [attempt(app, f"10.0.0.{n}", "Alice@example.edu", path=path) for n, path in enumerate(paths)]
    assert found == [401, 401, 401, 429]
    assert attempt(app, "10.0.0.9", "bob@example.edu", PASSWORD) == 200


def test_accounts_that_do_not_exist_are_counted_alike(strict: Settings, world: World) -> None:
    app = accounts_app(strict)
    found = [attempt(app, f"10.0.0.{number}", "nobody@example.edu") for number in range(4)]
    assert found == [401, 401, 401, 429]


def test_guessing_from_one_address_ends_whomever_it_is_for(strict: Settings, world: World) -> None:
    app = accounts_app(strict)
    found = [attempt(app, "10.0.0.1", f"{name}@example.edu") for name in ("alice", "bob", "ta", "carol")]
    assert found == [401, 401, 401, 429]


def test_a_lecture_hall_behind_one_address_signs_in(strict: Settings, world: World) -> None:
    app = accounts_app(strict)
    names = ("alice", "bob", "ta", "carol", "oscar", "admin", "instructor")
    assert {attempt(app, "10.0.0.1", f"{name}@example.edu", PASSWORD) for name in names} == {200}


def test_the_answer_says_when_to_come_back(strict: Settings) -> None:
    limiter = Limiter(strict)
    for _ in range(3):
        limiter.hit("login", "a")
    with pytest.raises(TooManyRequests) as caught:
        limiter.hit("login", "b", "a")
    assert 1 <= int(caught.value.headers["Retry-After"]) <= 61
    limiter.hit("upload", "a")  # each rule for itself


def test_they_can_be_turned_off(service_settings: Settings) -> None:
    limiter = Limiter(service_settings)
    for _ in range(100):
        limiter.hit("login", "a")


def test_processes_count_together_in_redis(strict: Settings, broker_url: str) -> None:
    shared = strict.model_copy(update={"broker_url": broker_url})
    for _ in range(3):
        Limiter(shared).hit("login", "a")
    with pytest.raises(TooManyRequests):
        Limiter(shared).hit("login", "a")


def test_without_redis_every_process_counts_for_itself(strict: Settings) -> None:
    limiter = Limiter(strict.model_copy(update={"broker_url": "redis://127.0.0.1:1/0"}))
    for _ in range(3):
        limiter.hit("login", "a")
    with pytest.raises(TooManyRequests):
        limiter.hit("login", "a")


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "expected"),
    [
        ("", "10.0.0.1", "1.2.3.4", "10.0.0.1"),  # anybody can send the header
        ("10.0.0.1", "10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),  # what the client itself put in front
        ("10.0.0.0/8", "10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        ("10.0.0.1", "10.0.0.2", "1.2.3.4", "10.0.0.2"),
        ("10.0.0.1", "10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.1", "1.2.3.4, unknown", "10.0.0.1"),
    ],
)
def test_the_clients_address(
    service_settings: Settings, trusted: str, peer: str, forwarded: str, expected: str
) -> None:
    app = accounts_app(service_settings.model_copy(update={"trusted_proxies": trusted}))
    assert client_address(asking(app, peer, forwarded)) == expected


def test_a_network_of_ipv6_is_one_client(service_settings: Settings) -> None:
    app = accounts_app(service_settings)
    keys = {client_key(asking(app, f"2001:db8:1:2::{number}", "")) for number in range(3)}
    assert keys == {"address 2001:db8:1:2::/64"}
    assert client_key(asking(app, "::ffff:10.0.0.1", "")) == client_key(asking(app, "10.0.0.1", ""))


def asking(app: FastAPI, peer: str, forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", forwarded.encode())]
    return Request({"type": "http", "app": app, "client": (peer, 1), "headers": headers})
