"""login, submit, status and logout against a real server, as programs that somebody starts."""

from __future__ import annotations

import json
import re
import stat
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from by_hand import Grades, serving
from fastapi import FastAPI
from servers import free_port, wait_for
from sqlalchemy import select
from typer.testing import CliRunner, Result
from world import PASSWORD, RIGHT, World

from api.client import credentials
from api.client.commands import register
from api.client.credentials import Credentials
from api.db.accounts import ApiToken
from api.db.courses import Assignment
from api.db.submissions import State, Submission


class Terminal:
    """A command line with a home folder of its own."""

    def __init__(self, url: str, world: World) -> None:
        self.url, self.world = url, world
        self._app = typer.Typer()
        register(self._app)

    def __call__(self, *arguments: str | Path, typed: str = "") -> Result:
        """Run `tensorgrade ARGUMENTS`."""
        return CliRunner().invoke(self._app, [str(one) for one in arguments], input=typed)

    def signed_in(self, who: str = "alice") -> Terminal:
        """The same after `login`."""
        typed = f"{self.world.email(who)}\n{PASSWORD}\n"
        assert self("login", self.url, typed=typed).exit_code == 0
        return self


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", credentials.URL_VARIABLE, credentials.TOKEN_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def terminal(app: FastAPI, world: World, home: Path) -> Iterator[Terminal]:
    with serving(app) as url:
        yield Terminal(url, world)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    path = tmp_path / "conv.py"
    path.write_bytes(RIGHT)
    return path


def submissions(world: World) -> list[uuid.UUID]:
    with world.database.read() as session:
        return list(session.scalars(select(Submission.id).order_by(Submission.id)))


def grade_when_it_comes(world: World, state: State = State.GRADED) -> threading.Thread:
    """A worker, by hand, in a thread."""

    def work() -> None:
        wait_for(lambda: submissions(world), 10, "a submission")
        grades = Grades(world, submissions(world)[-1])
        grades.begin()
        for position in range(4):
            grades.test(position)
        grades.end(state)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


# ---------------------------------------------------------------- signing in and out


def test_login_keeps_a_token_for_its_owner_only(terminal: Terminal, home: Path) -> None:
    terminal.signed_in()
    file = home / ".config/tensorgrade/credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = json.loads(file.read_text())
    assert kept["url"] == terminal.url
    assert kept["token"].startswith("tg_")
    assert [path.name for path in file.parent.iterdir()] == ["credentials.json"]
    with terminal.world.database.read() as session:
        token = session.scalars(select(ApiToken)).one()
    assert sorted(token.scopes) == ["read", "submit"]


def test_a_wrong_password_leaves_nothing_behind(terminal: Terminal, home: Path) -> None:
    result = terminal("login", terminal.url, "--email", "alice@example.edu", typed="not the password\n")
    assert result.exit_code == 2
    assert "password is wrong" in result.stderr
    assert not (home / ".config").exists()


def test_login_with_a_token_checks_it(terminal: Terminal) -> None:
    token = terminal.world.token("bob")["Authorization"].removeprefix("Bearer ")
    result = terminal("login", terminal.url, "--token", "-", typed=f"{token}\n")
    assert "bob@example.edu" in result.stderr
    assert token not in result.output
    assert terminal("login", terminal.url, "--token", "tg_wrong").exit_code == 2
    known = credentials.load()
    assert known is not None
    assert known.token == token  # the good one is still there


def test_logout_revokes_the_token(terminal: Terminal, home: Path) -> None:
    terminal.signed_in()
    assert terminal("logout").exit_code == 0
    assert credentials.load() is None
    with terminal.world.database.read() as session:
        assert session.scalars(select(ApiToken)).one().revoked_at is not None
    assert terminal("logout").exit_code == 0


def test_the_environment_can_hold_the_token(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    token = terminal.world.token("alice")["Authorization"].removeprefix("Bearer ")
    monkeypatch.setenv(credentials.URL_VARIABLE, terminal.url + "/")
    monkeypatch.setenv(credentials.TOKEN_VARIABLE, token)
    assert "vu_dl_a3" in terminal("status").stdout


# ---------------------------------------------------------------- handing in


def test_submit_and_status(terminal: Terminal, work: Path) -> None:
    terminal.signed_in()
    result = terminal("submit", "vu_dl_a3", work, "--json")
    assert result.exit_code == 0, result.output
    identifier = json.loads(result.stdout)["id"]
    assert "queued" in terminal("status", identifier).stderr
    Grades(terminal.world, uuid.UUID(identifier)).all_of_it()
    shown = terminal("status", identifier)
    assert shown.exit_code == 0
    assert "The visible test." in shown.stdout
    assert "HIDDEN OUTPUT" not in shown.stdout
    assert re.search(r"vu_dl_a3 +graded: 4 of 5", terminal("status").stdout)


def test_submit_and_wait_gives_the_score_as_json(terminal: Terminal, work: Path) -> None:
    terminal.signed_in()
    worker = grade_when_it_comes(terminal.world)
    result = terminal("submit", "vu_dl_a3", work, "--wait", "--json")
    worker.join()
    assert result.exit_code == 0, result.output
    score = json.loads(result.stdout)
    assert score["schema"] == "tensorgrade.score/1"
    assert (score["score"], score["max_score"]) == (4.0, 5.0)


def test_what_fails_by_the_service_s_fault_is_status_3(terminal: Terminal, work: Path) -> None:
    terminal.signed_in()
    worker = grade_when_it_comes(terminal.world, State.FAILED)
    result = terminal("submit", "vu_dl_a3", work, "--wait")
    worker.join()
    assert result.exit_code == 3
    assert "costs you no try" in result.stderr


def test_results_that_come_later_are_said_to(terminal: Terminal, work: Path) -> None:
    terminal.world.set(Assignment, "vu_dl_a3", policy={"results": "after_published"})
    terminal.signed_in()
    worker = grade_when_it_comes(terminal.world)
    result = terminal("submit", "vu_dl_a3", work, "--wait")
    worker.join()
    assert result.exit_code == 0, result.output
    assert "show the results later" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("vu_dl_a3", "missing.py"), "is no file"),
        (("vu_dl_a3", "."), "Pack the folder"),
        (("nothing_like_it", "{work}"), "no assignment"),
        (("other_a3", "{work}"), "no assignment"),
        (("../../me", "{work}"), "no"),
    ],
)
def test_wrong_usage_is_status_2(
    terminal: Terminal, work: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    terminal.signed_in()
    result = terminal("submit", *(one.format(work=work) for one in arguments))
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr
    assert submissions(terminal.world) == []


def test_a_file_that_is_not_accepted_is_status_2(terminal: Terminal, tmp_path: Path) -> None:
    essay = tmp_path / "essay.docx"
    essay.write_text("text")
    result = terminal.signed_in()("submit", "vu_dl_a3", essay)
    assert result.exit_code == 2
    assert ".py" in result.stderr


@pytest.mark.usefixtures("home")
def test_who_is_not_signed_in_is_told_how(work: Path) -> None:
    result = Terminal("", None)("submit", "vu_dl_a3", work)  # type: ignore[arg-type]
    assert result.exit_code == 2
    assert "tensorgrade login" in result.stderr


@pytest.mark.usefixtures("home")
def test_a_service_that_is_not_there_is_status_3(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.client import http

    monkeypatch.setattr(http, "_PAUSES", ())
    url = f"http://127.0.0.1:{free_port()}"
    credentials.save(Credentials(url, "tg_x"))
    result = Terminal(url, None)("status")  # type: ignore[arg-type]
    assert result.exit_code == 3
    assert url in result.stderr
