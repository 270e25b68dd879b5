"""Single sign-on against a real provider on a real port: the way in, and every way to cheat that is known."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from helpers_accounts import API, accounts_app, browser, sign_in
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from oidc_provider import CLIENT, SECRET, OidcProvider
from pydantic import SecretStr
from sqlalchemy import select
from starlette.testclient import TestClient
from world import World

from api.accounts import oidc
from api.accounts.linking import user_for
from api.accounts.oidc import Person
from api.accounts.sessions import COOKIE
from api.db.accounts import User
from api.db.courses import Enrolment
from api.db.engine import Database
from api.errors import Conflict, Forbidden
from api.settings import Settings

CALLBACK = "/login/oidc/callback"


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    started = OidcProvider()
    yield started
    started.close()


@pytest.fixture
def sso(service_settings: Settings, provider: OidcProvider) -> Settings:
    return service_settings.model_copy(
        update={
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SecretStr(SECRET),
        }
    )


@pytest.fixture
def app(sso: Settings) -> FastAPI:
    return accounts_app(sso)


def begin(client: TestClient, path: str = "/login/oidc") -> dict[str, str]:
    """Off to the provider and back to the door: the callback's parameters."""
    there = client.get(path)
    assert there.status_code == 303, there.text
    back = httpx.get(there.headers["location"])
    assert back.status_code == 302
    assert back.headers["location"].startswith(f"{client.base_url}{CALLBACK}")
    return {key: values[0] for key, values in parse_qs(urlsplit(back.headers["location"]).query).items()}


def finish(client: TestClient, parameters: dict[str, str]) -> httpx.Response:
    return client.get(f"{CALLBACK}?{urlencode(parameters)}")


def refused(client: TestClient, parameters: dict[str, str], status: int = 400) -> str:
    answer = finish(client, parameters)
    assert answer.status_code == status, answer.text
    assert COOKIE not in client.cookies
    return str(answer.json()["detail"])


def user(world: World, name: str) -> User:
    with world.database.read() as session:
        return session.get_one(User, world.ids[name])


def test_the_way_in(client: TestClient, world: World, provider: OidcProvider) -> None:
    answer = finish(client, begin(client, "/login/oidc?next=/courses/dl101"))
    assert answer.status_code == 303
    assert answer.headers["location"] == "/courses/dl101"
    assert client.get(f"{API}/me").json()["email"] == "alice@example.edu"
    assert user(world, "alice").oidc_subject == f"{provider.issuer} alice-17"
    assert "tensorgrade_sign_on" not in client.cookies
    assert provider.token_requests[0]["code_verifier"]
    assert "client_secret" not in provider.token_requests[0]


def test_later_the_subject_counts_not_the_address(app: FastAPI, world: World, provider: OidcProvider) -> None:
    first = browser(app)
    finish(first, begin(first))
    provider.claims["email"] = "bob@example.edu"  # renamed at the provider
    second = browser(app)
    finish(second, begin(second))
    assert second.get(f"{API}/me").json()["email"] == "alice@example.edu"
    provider.claims = {"sub": "mallory", "email": "alice@example.edu", "email_verified": True}
    third = browser(app)
    refused(third, begin(third), 409)


def test_a_stranger_gets_an_account_and_no_course(
    client: TestClient, world: World, provider: OidcProvider
) -> None:
    provider.claims = {"sub": "s", "email": "Stranger@example.edu", "email_verified": True, "name": "S\x00t"}
    assert finish(client, begin(client)).status_code == 303
    me = client.get(f"{API}/me").json()
    assert (me["email"], me["name"], me["is_admin"]) == ("stranger@example.edu", "St", False)
    with world.database.read() as session:
        query = select(Enrolment).where(Enrolment.user_id == uuid.UUID(me["id"]))
        assert session.scalar(query) is None


def test_linking_ends_what_somebody_else_may_have_prepared(
    app: FastAPI, world: World, provider: OidcProvider
) -> None:
    """Whoever made the account with alice's address before her has it no longer."""
    squatter, token = browser(app), world.token("alice")
    sign_in(squatter, "alice")
    alice = browser(app)
    assert finish(alice, begin(alice)).status_code == 303
    assert squatter.get(f"{API}/me").status_code == 401
    assert alice.get(f"{API}/me", headers=token).status_code == 401
    assert user(world, "alice").password_hash is None
    assert alice.get(f"{API}/me").status_code == 200


@pytest.mark.parametrize("verified", [False, None, "false", 0])
def test_an_address_that_is_not_verified_links_nothing(
    client: TestClient, world: World, provider: OidcProvider, verified: Any
) -> None:
    provider.claims |= {"email_verified": verified}
    provider.userinfo = {"sub": "alice-17", "email": "alice@example.edu"}
    refused(client, begin(client), 403)
    assert user(world, "alice").oidc_subject is None


def test_an_address_that_only_looks_alike_links_nothing(
    client: TestClient, world: World, provider: OidcProvider
) -> None:
    provider.claims["email"] = "al\u0131ce@example.edu"
    refused(client, begin(client), 403)


def test_userinfo_is_asked_where_the_token_says_nothing(
    client: TestClient, world: World, provider: OidcProvider
) -> None:
    provider.userinfo = dict(provider.claims)
    provider.claims = {"sub": "alice-17"}
    assert finish(client, begin(client)).status_code == 303


def test_userinfo_of_somebody_else_is_refused(
    client: TestClient, world: World, provider: OidcProvider
) -> None:
    provider.userinfo = provider.claims | {"sub": "bob"}
    provider.claims = {"sub": "alice-17"}
    refused(client, begin(client))


def test_a_disabled_account_stays_out(client: TestClient, world: World) -> None:
    world.set(User, "alice", is_active=False)
    refused(client, begin(client), 403)


def test_the_answer_of_another_browser_is_refused(app: FastAPI, world: World) -> None:
    """Login CSRF: mallory's code and state in alice's browser."""
    mallory, alice = browser(app), browser(app)
    answer = begin(mallory)
    refused(alice, answer)
    begin(alice)
    refused(alice, answer)
    refused(alice, {"code": answer["code"]})


def test_a_code_of_another_sign_in_is_refused(app: FastAPI, world: World) -> None:
    """Code injection: the state is right, PKCE and nonce are not."""
    mallory, alice = browser(app), browser(app)
    stolen, own = begin(alice), begin(mallory)
    refused(mallory, own | {"code": stolen["code"]})


def test_an_answer_counts_once(client: TestClient, world: World) -> None:
    answer = begin(client)
    assert finish(client, answer).status_code == 303
    assert finish(client, answer).status_code == 400


def test_mix_up_with_another_provider_is_refused(
    client: TestClient, world: World, provider: OidcProvider
) -> None:
    refused(client, begin(client) | {"iss": "https://evil.example"})
    assert provider.token_requests == []  # the code was given to nobody
    assert finish(client, begin(client) | {"iss": provider.issuer}).status_code == 303


def test_a_provider_that_names_itself_always_must(
    client: TestClient, world: World, provider: OidcProvider
) -> None:
    provider.metadata_changes = {"authorization_response_iss_parameter_supported": True}
    refused(client, begin(client))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"]},
        {"azp": "another-client"},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"exp": "soon"},
        {"iat": 10_000_000_000},
        {"iat": None},
        {"sub": None},
        {"sub": 17},
        {"aud": None},
    ],
)
def test_a_wrong_id_token_is_refused(
    client: TestClient, world: World, provider: OidcProvider, changes: dict[str, Any]
) -> None:
    provider.id_token_changes = changes
    refused(client, begin(client))


@pytest.mark.parametrize(
    "how", ["other key", "none", "shared secret", "public key as secret", "rubbish", "broken"]
)
def test_a_forged_id_token_is_refused(
    client: TestClient, world: World, provider: OidcProvider, how: str
) -> None:
    there = client.get("/login/oidc").headers["location"]
    query = {key: values[0] for key, values in parse_qs(urlsplit(there).query).items()}
    back = httpx.get(there).headers["location"]
    now = int(time.time())
    claims = provider.claims | {
        "iss": provider.issuer,
        "aud": CLIENT,
        "iat": now,
        "exp": now + 60,
        "nonce": query["nonce"],
    }
    provider.forged = forged(how, claims, provider)
    parameters = {key: values[0] for key, values in parse_qs(urlsplit(back).query).items()}
    refused(client, parameters)


def forged(how: str, claims: dict[str, Any], provider: OidcProvider) -> str:
    if how == "other key":
        return jwt.encode({"alg": "RS256", "kid": provider.key.kid}, claims, RSAKey.generate_key(2048))
    if how == "none":
        parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
        return ".".join([base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts] + [""])
    if how == "shared secret":
        return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
    if how == "public key as secret":
        header = {"alg": "HS256", "kid": provider.key.kid}
        return jwt.encode(header, claims, OctKey.import_key(provider.key.as_pem(private=False).hex()))
    if how == "broken":
        return provider.sign(claims)[:-4] + "AAAA"
    return "rubbish"


def test_new_keys_are_fetched(
    app: FastAPI, world: World, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "_KEYS_SECONDS", 0.0)
    first, second = browser(app), browser(app)
    finish(first, begin(first))
    provider.rotate()
    assert finish(second, begin(second)).status_code == 303


def test_signing_in_never_leads_to_another_site(client: TestClient, world: World) -> None:
    for path in ("//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0aSet-Cookie:x"):
        answer = finish(client, begin(client, f"/login/oidc?next={path}"))
        assert answer.headers["location"] == "/"


def test_a_provider_that_is_away_is_no_fault_of_ours(service_settings: Settings, world: World) -> None:
    settings = service_settings.model_copy(
        update={"oidc_issuer": "http://127.0.0.1:1", "oidc_client_id": CLIENT}
    )
    assert browser(accounts_app(settings)).get("/login/oidc").status_code == 503


def test_a_description_of_another_issuer_is_refused(
    client: TestClient, world: World, provider: OidcProvider
) -> None:
    provider.metadata_changes = {"issuer": "https://evil.example"}
    assert client.get("/login/oidc").status_code == 503


def test_the_provider_says_no(client: TestClient, world: World) -> None:
    state = begin(client)["state"]
    detail = refused(client, {"state": state, "error": "access_denied<script>"})
    assert "script" not in detail


def test_a_spoiled_cookie_is_refused(client: TestClient, world: World) -> None:
    for value in ("", "x", "e30", "bnVsbA", "W10", "\\377"):
        client.cookies.clear()
        client.cookies.set("tensorgrade_sign_on", value)
        refused(client, {"code": "x", "state": "y"})


def test_without_a_provider_there_is_no_such_page(service_settings: Settings, world: World) -> None:
    client = browser(accounts_app(service_settings))
    assert client.get("/login/oidc").status_code == 404
    assert client.get(f"{CALLBACK}?code=a&state=b").status_code == 404


def test_linking_on_both_databases(database: Database) -> None:
    person = Person("https://id.example.edu", "1", "a@example.edu", "A")
    made = user_for(database, person)
    assert user_for(database, person).id == made.id
    with pytest.raises(Conflict):
        user_for(database, Person(person.issuer, "2", "a@example.edu", "A"))
    with pytest.raises(Forbidden):
        user_for(database, Person(person.issuer, "3", None, "A"))
    with pytest.raises(Forbidden):
        user_for(database, Person(person.issuer, "4\0", "b@example.edu", "A"))
    with pytest.raises(Forbidden):
        user_for(database, Person(person.issuer, "5" * 400, "b@example.edu", "A"))
