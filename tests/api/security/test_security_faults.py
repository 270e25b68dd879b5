"""Faults that a reviewer found by attacking the service, each so that it stays mended."""

from __future__ import annotations

import io
import logging
import stat
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from world import World

from api.db.base import now
from api.db.engine import Database
from api.db.models import Assignment, Extension
from api.db.submissions import State
from api.errors import TooManyRequests
from api.ops import logs
from api.submissions.stream import MOST, Readers

SECRET = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"  # noqa: S105 - as long as a real one
Ids = Mapping[str, object]


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7"])
def test_a_form_in_an_odd_charset_is_refused(charset: str, client: TestClient) -> None:
    """It brought half a character, which the page that repeats it could not show: 500."""
    half = {"unicode_escape": b"\\ud800", "utf-7": b"+2AA-"}[charset]
    body = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + half + b"\r\n--x--\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    assert client.post("/login", content=body, headers=headers).status_code == 422


def test_made_up_methods_are_no_labels_of_metrics(client: TestClient) -> None:
    """Each was a new set of time series, so anybody could fill the memory."""
    answer = client.request("MADEUP", "/api/v1/me")
    assert answer.status_code == 405
    assert answer.headers["x-request-id"]
    assert "MADEUP" not in client.get("/metrics").text


@pytest.mark.parametrize("formatter", [logs.Lines("web"), logs.JsonLines("web")], ids=["text", "json"])
def test_logs_have_no_secrets(
    formatter: logging.Formatter, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "api.access")
    client.get(f"/invitations/{SECRET}")
    logging.getLogger("api.access").info("With %s.", f"tg_{SECRET}")
    lines = [formatter.format(record) for record in caplog.records if record.name == "api.access"]
    assert len(lines) == 2
    assert SECRET not in "".join(lines)
    assert "GET /invitations/***" in lines[0]


def test_logs_do_not_repaint_the_terminal(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "api.access")
    client.get("/%1b]0;gone%07%0aforged%c2%9b%e2%80%ae")
    line = logs.Lines("web").format(next(one for one in caplog.records if one.name == "api.access"))
    assert line.isprintable()
    assert "/\\x1b]0;gone\\x07\\nforged\\x9b\\u202e" in line


def test_errors_of_the_database_do_not_tell_values(empty: Database) -> None:
    """Such an error is logged; its parameters may be password hashes."""
    with pytest.raises(Exception, match="no such table") as caught, empty.read() as session:
        session.connection().exec_driver_sql("SELECT 1 FROM nowhere WHERE hash = ?", ("$argon2id$x",))
    assert "$argon2id$x" not in str(caught.value)


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An empty database."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('empty')}/empty.sqlite")
    yield database
    database.close()


def test_a_list_leaves_an_instructor(client: TestClient, world: World) -> None:
    """Whoever imported a list could lock everybody out of the course, themselves included."""
    headers = world.token("instructor")
    lowered = _roster(client, headers, "instructor@example.edu,student\n")
    assert lowered == 409
    assert client.get("/api/v1/courses/dl101/audit", headers=headers).status_code == 200
    assert _roster(client, headers, "instructor@example.edu,student\nta@example.edu,instructor\n") == 200
    assert client.get("/api/v1/courses/dl101/audit", headers=headers).status_code == 403


def _roster(client: TestClient, headers: dict[str, str], lines: str) -> int:
    return client.post(
        "/api/v1/courses/dl101/roster?apply=true&lower_roles=true",
        content=f"email,role\n{lines}",
        headers=headers | {"Content-Type": "text/csv"},
    ).status_code


def test_nobody_follows_any_number_of_submissions() -> None:
    """Each stream asks the database several times a second, for as long as the client likes."""
    readers, one, other = Readers(), uuid.uuid4(), uuid.uuid4()
    with ExitStack() as streams:
        for _ in range(MOST):
            readers.check(one)
            streams.enter_context(readers.reading(one))
        with pytest.raises(TooManyRequests, match="close some"):
            readers.check(one)
        readers.check(other)
    readers.check(one)


def test_too_many_streams_are_429(client: TestClient, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.submissions.stream.MOST", 0)
    waiting = world.submission("alice", state=State.QUEUED)
    answer = client.get(f"/api/v1/submissions/{waiting}/events", headers=world.token("alice"))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "10"


@pytest.mark.parametrize("origin", ["http://[::1", "null", "http://x:abc"])
def test_an_origin_that_is_no_address_is_another_site(origin: str, client: TestClient) -> None:
    assert client.post("/login", data={}, headers={"Origin": origin}).status_code == 403


def test_many_tokens_cost_little(client: TestClient, world: World) -> None:
    """Two kilobytes that unpack to a megabyte of the shortest statements kept the service busy for seconds,
    cost no try, and could be sent once a second.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(9):
            archive.writestr(f"part{number}.py", b"a;" * 55_000)
    files = {"file": ("many.zip", packed.getvalue())}
    began = time.process_time()
    answer = client.post(
        "/api/v1/assignments/vu_dl_a3/submissions", files=files, headers=world.token("alice")
    )
    assert answer.status_code == 422
    assert time.process_time() - began < 2.0


def test_a_name_does_not_turn_its_neighbours_around(client: TestClient, world: World) -> None:
    answer = client.patch("/api/v1/me", json={"name": "\u202ereversed"}, headers=world.browser("alice"))
    assert answer.status_code == 422


def test_nobody_else_on_the_machine_reads_the_database(tmp_path: Path) -> None:
    """It was readable for everybody when `admin` or `migrate` made it before `serve` had."""
    database = Database(f"sqlite:///{tmp_path}/home/new.sqlite")
    with database.write() as session:
        session.connection().exec_driver_sql("CREATE TABLE t (x)")
    database.close()
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "home/new.sqlite").stat().st_mode) == 0o600


def test_a_group_sees_results_once_all_of_it_is_due(client: TestClient, world: World, ids: Ids) -> None:
    """Alice saw the hidden results of work that bob, who had an extension, could still improve for both."""
    passed, later = now() - timedelta(hours=1), now() + timedelta(days=1)
    policy = {"group_size": 2, "due_at": passed.isoformat(), "results": "after_due"}
    world.set(Assignment, "vu_dl_a3", policy=policy)
    submission = world.submission("bob", group_id=ids["group"])
    address = f"/api/v1/submissions/{submission}"
    assert client.get(address, headers=world.token("alice")).json()["score"] is not None
    world.set(Extension, _extension_of_bob(world), due_at=later)
    for who in ("alice", "bob"):
        assert client.get(address, headers=world.token(who)).json()["result"] is None
        assert client.get(f"{address}/score", headers=world.token(who)).status_code == 409
        standing = client.get("/api/v1/assignments/vu_dl_a3/standing", headers=world.token(who)).json()
        assert not standing["are_scores_shown"]
        assert standing["score"] is None


def _extension_of_bob(world: World) -> uuid.UUID:
    with world.database.read() as session:
        query = select(Extension.id).where(Extension.user_id == world.ids["bob"])
        found: uuid.UUID = session.scalars(query).one()
        return found


@pytest.mark.parametrize("path", ["/login/", f"/invitations/{SECRET}/", "/api/v1/me/"])
def test_a_slash_too_many_leads_nowhere(path: str, client: TestClient) -> None:
    """It led to the same address by http, secret included, or to any host that the request named."""
    answer = client.get(path, headers={"Host": "evil.example"})
    assert answer.status_code == 404
    assert "location" not in answer.headers
