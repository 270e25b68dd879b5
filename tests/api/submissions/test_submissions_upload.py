"""Handing in: what is accepted, how it is kept, and what is refused before it costs a try."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from helpers_submissions import BASE, get, set_policy, upload, upload_many, zipped
from sqlalchemy import func, select
from starlette.testclient import TestClient
from world import RIGHT, World

from api.db.models import Blob, Grading, Job, Submission
from api.settings import Settings


def _count(world: World, table: type[Any]) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _scratch(settings: Settings) -> list[Path]:
    return list((Path(settings.blobs) / "tmp").iterdir())


def test_an_upload_is_kept_and_lined_up(client: TestClient, world: World, service_settings: Settings) -> None:
    alice = world.token("alice")
    answer = upload(client, alice)
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert body["state"] == "queued"
    assert body["file_name"] == "conv.py"
    assert body["sha256"] == hashlib.sha256(RIGHT).hexdigest()
    assert body["user"]["email"] == "alice@example.edu"
    assert not body["is_test"]
    assert answer.headers["location"] == f"{BASE}/submissions/{body['id']}"
    assert client.app.state.services.blobs.verify(body["sha256"])  # type: ignore[attr-defined]
    assert (_count(world, Submission), _count(world, Grading), _count(world, Job)) == (1, 1, 1)
    assert _scratch(service_settings) == []
    shown = client.get(answer.headers["location"], headers=alice).json()
    assert shown["queue"]["position"] == 1
    assert shown["progress"]["tests_done"] == 0


def test_the_same_bytes_are_kept_once(client: TestClient, world: World) -> None:
    assert upload(client, world.token("alice")).status_code == 202
    assert upload(client, world.token("bob")).status_code == 202
    assert (_count(world, Submission), _count(world, Blob)) == (2, 1)


def test_uploads_of_the_staff_are_tests(client: TestClient, world: World) -> None:
    set_policy(world, due_at="2020-01-01T00:00Z")
    answer = upload(client, world.token("ta"))
    assert answer.status_code == 202
    assert answer.json()["is_test"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/conv.py", "conv.py"),
        ("C:\\Users\\alice\\conv.py", "conv.py"),
        ("con\u202ev.py", "conv.py"),
        ("ünï.py", "ünï.py"),
        ("x" * 400 + ".py", "x" * 214 + "…" + "x" * 37 + ".py"),
    ],
)
def test_names_are_never_paths(client: TestClient, world: World, sent: str, kept: str) -> None:
    answer = upload(client, world.token("alice"), name=sent)
    assert answer.status_code == 202, answer.text
    assert answer.json()["file_name"] == kept


def test_several_files_become_one_zip(client: TestClient, world: World) -> None:
    alice = world.token("alice")
    files = {"hw/solution.py": RIGHT, "hw/util.py": b"x = 1\n", "hw/__pycache__/util.pyc": b"\0"}
    first = upload_many(client, alice, files)
    assert first.status_code == 202, first.text
    assert first.json()["file_name"] == "hw.zip"
    again = upload_many(client, alice, dict(reversed(files.items())))
    assert again.json()["sha256"] == first.json()["sha256"]
    content = get(client, alice, first.json()["id"], "/file").content
    assert content.startswith(b"PK")


def test_answers_alone_are_packed(client: TestClient, world: World) -> None:
    answer = upload(client, world.token("alice"), b"q1 = true\n", "answers.toml", "ift6390_hw3")
    assert answer.status_code == 202, answer.text
    assert answer.json()["file_name"] == "submission.zip"
    assert "only the answers" in " ".join(answer.json()["warnings"])


def test_a_mistake_in_the_code_is_a_warning(client: TestClient, world: World) -> None:
    answer = upload(client, world.token("alice"), b"def f(:\n    pass\n")
    assert answer.status_code == 202
    assert "line 1" in " ".join(answer.json()["warnings"])


CELL = {"cell_type": "code", "source": ["%matplotlib inline\n", "x = 1"]}
NOTEBOOK = json.dumps({"cells": [CELL], "nbformat": 4, "metadata": {}}).encode()


def test_a_notebook_is_taken_unless_the_course_does_not_want_it(client: TestClient, world: World) -> None:
    answer = upload(client, world.token("alice"), NOTEBOOK, "a.ipynb")
    assert answer.status_code == 202
    assert "cell 1, line 1" in " ".join(answer.json()["warnings"])
    set_policy(world, accept=[".py"])
    assert upload(client, world.token("alice"), NOTEBOOK, "a.ipynb").status_code == 415


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("conv.exe", b"MZ", 415, ".py or"),
        ("conv.py", b"", 422, "empty"),
        ("conv.py", b"  \n", 422, "empty"),
        ("conv.py", b"%PDF-1.7 ...", 422, "PDF"),
        ("conv.zip", b"nothing of the kind", 422, "cannot be unpacked"),
        ("conv.zip", zipped({"../evil.py": b"x=1"}), 422, ".."),
        ("conv.zip", zipped({"readme.txt": b"hello"}), 422, "no Python file"),
        ("bomb.zip", zipped({"conv.py": b"\n" * 30_000_000}), 422, "unpacks to more"),
        ("many.zip", zipped({f"a{n}.py": b"x=1" for n in range(300)}), 422, "more than 200 files"),
        ("conv.tar.gz", b"\x1f\x8bbroken", 422, "damaged"),
        ("big.py", b"#" * 2_000_001, 413, "at most 2.0 MB"),
    ],
)
def test_what_cannot_be_graded_costs_nothing(
    client: TestClient,
    world: World,
    service_settings: Settings,
    name: str,
    content: bytes,
    status: int,
    words: str,
) -> None:
    answer = upload(client, world.token("alice"), content, name)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]
    assert _count(world, Submission) == 0
    assert _scratch(service_settings) == []


def _raw(client: TestClient, headers: dict[str, str], body: bytes, kind: str) -> Any:
    return client.post(
        f"{BASE}/assignments/vu_dl_a3/submissions",
        content=body,
        headers=headers | {"Content-Type": kind},
    )


FORM = "multipart/form-data; boundary=b"
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.py"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x = 1", "text/x-python", 415),
        (b"x = 1", "multipart/form-data", 400),
        (b"x = 1", "multipart/form-data; boundary=" + "b" * 300, 400),
        (b"no form", FORM, 400),
        (b"", FORM, 400),
        (HEAD + b"x = 1", FORM, 400),  # cut off
        (b"--b--\r\n", FORM, 422),
        (b"--b\r\n\r\nx\r\n--b--\r\n", FORM, 400),
        (b'--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--b--\r\n', FORM, 422),
        (b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n', FORM, 422),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--b--\r\n',
            FORM,
            422,
        ),
        (b"--b\r\n" + b"X-Many: 1\r\n" * 50 + b"\r\nx\r\n--b--\r\n", FORM, 400),
        (b"--b\r\nX-Long: " + b"1" * 100_000, FORM, 400),
    ],
)
def test_broken_forms_are_refused(
    client: TestClient, world: World, service_settings: Settings, body: bytes, kind: str, status: int
) -> None:
    answer = _raw(client, world.token("alice"), body, kind)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert _scratch(service_settings) == []


@pytest.mark.parametrize(
    ("content", "words"), [(b"{}", "no list of cells"), (b'{"cells": ' + b"[" * 100_000, "nested too deeply")]
)
def test_a_broken_notebook(client: TestClient, world: World, content: bytes, words: str) -> None:
    set_policy(world, accept=[".ipynb"])
    answer = upload(client, world.token("alice"), content, "a.ipynb")
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_too_many_files(client: TestClient, world: World) -> None:
    answer = upload_many(client, world.token("alice"), {f"a{number}.py": b"x=1" for number in range(201)})
    assert answer.status_code == 413


def test_a_kind_that_the_course_does_not_take(client: TestClient, world: World) -> None:
    set_policy(world, accept=[".ipynb"])
    assert upload(client, world.token("alice")).status_code == 415
    assert upload_many(client, world.token("alice"), {"a.py": RIGHT, "b.py": RIGHT}).status_code == 415


def test_who_may_not_know_the_assignment(client: TestClient, world: World) -> None:
    assert upload(client, world.token("carol")).status_code == 404
    assert upload(client, {}).status_code == 401
    from api.accounts.actor import Scope

    assert upload(client, world.token("alice", Scope.READ)).status_code == 403
