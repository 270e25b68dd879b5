"""Every route as everybody: who may not use it is told so, and learns nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from fastapi import FastAPI
from httpx2 import Response
from route_table import BROWSER_ONLY, OUTSIDERS, REACHES, ROUTES, Asker, Level, Operation, operations
from world import World

from api.accounts.actor import Scope

NOT_PUBLIC = [name for name, level in ROUTES.items() if level > Level.PUBLIC]
OF_A_COURSE = [name for name in NOT_PUBLIC if Operation.of(name).parameters]
UNSAFE = [name for name in NOT_PUBLIC if Operation.of(name).is_unsafe]
REFUSED = (403, 404)
WORDS = (
    "nonsense",
    "..%2f..%2fetc",
    "%00",
    "%ff",
    "é" * 300,
    "-1",
    "' OR 1=1 --",
    "00000000-0000-0000-0000-000000000000",
)

Ids = Mapping[str, object]


def test_every_route_is_in_the_table(app: FastAPI) -> None:
    assert sorted(set(operations(app))) == sorted(ROUTES)


def test_nobody_gets_in_without_signing_in(ask: Asker, ids: Ids, world: World) -> None:
    answers = {name: ask(name, ids) for name in NOT_PUBLIC}
    faults = []
    for name, answer in answers.items():
        is_led_to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith("/login")
        if Operation.of(name).is_page and is_led_to_sign_in:
            continue
        if answer.status_code != 401 or not answer.headers["www-authenticate"].startswith("Bearer"):
            faults.append((name, answer.status_code, answer.text[:200]))
    assert not faults


@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsiders_cannot_tell_what_exists(
    who: str, ask: Asker, world: World, ids: Ids, made_up: Ids
) -> None:
    """Somebody else's course answers as one that does not exist."""
    faults = []
    for name in OF_A_COURSE:
        real, invented = ask.as_user(name, ids, world, who), ask.as_user(name, made_up, world, who)
        is_known = real.status_code == 403 and ROUTES[name] is Level.ADMIN
        if not is_known and real.status_code != 404:
            faults.append((name, real.status_code, real.text[:200]))
        elif _told(real, ids) != _told(invented, made_up):
            faults.append((name, _told(real, ids), _told(invented, made_up)))
    assert not faults


@pytest.mark.parametrize("who", REACHES)
def test_who_is_in_the_course_but_may_not(who: str, ask: Asker, world: World, ids: Ids) -> None:
    faults = []
    for name in NOT_PUBLIC:
        if ROUTES[name] in REACHES[who]:
            continue
        answer = ask.as_user(name, ids, world, who)
        is_secret = ROUTES[name] in (Level.PERSONAL, Level.OWNER)
        if answer.status_code not in REFUSED or (is_secret and answer.status_code != 404):
            faults.append((name, answer.status_code, answer.text[:200]))
    assert not faults


@pytest.mark.parametrize("name", NOT_PUBLIC)
def test_who_may_can(name: str, ask: Asker, world: World, ids: Ids) -> None:
    """Otherwise the tests above would pass for a route that refuses everybody."""
    least = next(who for who in ("alice", "bob", "ta", "instructor", "admin") if ROUTES[name] in REACHES[who])
    answer = ask.as_user(name, ids, world, least)
    assert answer.status_code not in (401, 403, 404, 405, 415, 422), answer.text
    assert answer.status_code < 500, answer.text


def test_a_token_that_may_only_read_changes_nothing(ask: Asker, world: World, ids: Ids) -> None:
    headers = world.token("admin", Scope.READ)
    answers = {name: ask(name, ids, headers) for name in UNSAFE}
    allowed = (*REFUSED, 401, 303)  # pages know no tokens: they ask to sign in
    assert not [
        (name, answer.status_code, answer.text[:200])
        for name, answer in answers.items()
        if answer.status_code not in (allowed if name in BROWSER_ONLY else REFUSED)
    ]


def test_a_token_without_the_staff_scope_makes_a_student_of_staff(ask: Asker, world: World, ids: Ids) -> None:
    headers = world.token("instructor", Scope.READ, Scope.SUBMIT)
    staffs = [name for name in OF_A_COURSE if ROUTES[name] >= Level.STAFF and name not in BROWSER_ONLY]
    answers = {name: ask(name, ids, headers) for name in staffs}
    assert not [
        (name, answer.status_code) for name, answer in answers.items() if answer.status_code not in REFUSED
    ]


@pytest.mark.parametrize("word", WORDS)
def test_nonsense_in_a_path_is_refused(word: str, ask: Asker, world: World, ids: Ids) -> None:
    nonsense = dict.fromkeys(ids, word)
    answers = {name: ask.as_user(name, nonsense, world, "instructor") for name in OF_A_COURSE}
    assert not [
        (name, answer.status_code, answer.text[:200])
        for name, answer in answers.items()
        if answer.status_code not in (400, 403, 404, 405, 422)
    ]


def _told(answer: Response, ids: Ids) -> str:
    """What somebody learns: a page has more on it that differs from one answer to the next."""
    if not answer.headers["content-type"].startswith("application/problem"):
        return str(answer.status_code)
    text = answer.text
    for value in (value for value in ids.values() if not isinstance(value, int)):
        text = text.replace(str(value), "ID")
    return f"{answer.status_code} {text}"
