"""Questions, drafts and handing in, over HTTP."""

from __future__ import annotations

import io
import tomllib
import uuid
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from papers import SECRET, give_papers
from sqlalchemy import func, select
from starlette.testclient import TestClient
from world import RIGHT, World

from api.db.answers import AnswerDraft
from api.db.base import now
from api.db.courses import Assignment, SpecVersion
from api.db.submissions import Submission

A3 = "/api/v1/assignments/vu_dl_a3"
GOOD = {"size": "28x28x10", "flops": "1,200.5", "best": "SGD", "which": {"a": "because", "b": "so"}}


@pytest.fixture
def alice(client: TestClient, world: World) -> dict[str, str]:
    give_papers(world)
    return world.token("alice")


def save(client: TestClient, who: dict[str, str], answers: dict[str, Any]) -> Any:
    return client.put(f"{A3}/answers/draft", json={"answers": answers}, headers=who)


def hand_in(client: TestClient, who: dict[str, str], key: str = "", **query: Any) -> Any:
    headers = who | ({"Idempotency-Key": key} if key else {})
    return client.post(f"{A3}/answers", headers=headers, params=query)


def files_of(client: TestClient, who: dict[str, str], submission: str) -> dict[str, bytes]:
    answer = client.get(f"/api/v1/submissions/{submission}/file", headers=who)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# ---------------------------------------------------------------- questions


def test_questions_are_told_without_what_is_right_or_wrong(client, world, alice):
    asked = client.get(f"{A3}/questions", headers=alice)
    assert [one["key"] for one in asked.json()["questions"]] == [
        "size",
        "flops",
        "formula",
        "best",
        "which",
        "why",
    ]
    which = asked.json()["questions"][4]
    assert [option["key"] for option in which["options"]] == ["a", "b", "c"]
    assert which["explain"] is True
    assert str(SECRET) not in asked.text
    with world.database.read() as session:
        assert not any(str(SECRET) in one for one in session.scalars(select(SpecVersion.questions)))


def test_an_assignment_without_questions_says_so(client, world):
    for what in ("questions", "answers/draft"):
        answer = client.get(f"{A3}/{what}", headers=world.token("alice"))
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (404, "no-questions")


# ---------------------------------------------------------------- drafts


def test_a_draft_is_kept_and_says_what_cannot_be_read(client, alice):
    empty = client.get(f"{A3}/answers/draft", headers=alice).json()
    assert (empty["answers"], empty["saved_at"]) == ({}, None)
    saved = save(
        client, alice, {"size": "2 by 3", "flops": "12 GFLOP", "best": "sgd", "why": "Because."}
    ).json()
    assert [problem.partition(":")[0] for problem in saved["problems"]] == ["size", "flops"]
    assert saved["missing"] == ["formula", "which"]
    kept = client.get(f"{A3}/answers/draft", headers=alice).json()
    assert kept == saved
    assert save(client, alice, {"size": "2x3"}).json()["answers"] == {"size": "2x3"}  # in place of the first


def test_nobody_sees_another_s_draft(client, world, alice):
    save(client, alice, GOOD)
    for who in ("bob", "ta"):
        assert client.get(f"{A3}/answers/draft", headers=world.token(who)).json()["answers"] == {}
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(AnswerDraft)) == 1


@pytest.mark.parametrize(
    ("answers", "status", "sentence"),
    [
        ({"sizes": "2x3"}, 422, "There is no question 'sizes'. There are: size, flops"),
        ({"why": "x" * 20_001}, 422, "20000"),
        (
            {"which": {"a": "x" * 19_999, "b": "x" * 19_999, "c": "y" * 19_999}, "why": "z" * 9_000},
            413,
            "60,000",
        ),
        ({"size": {"a": {"b": "c"}}}, 422, "answers.size"),
        ({f"q{n}": "" for n in range(501)}, 422, "500"),
    ],
)
def test_a_draft_has_bounds(client, alice, answers, status, sentence):
    answer = save(client, alice, answers)
    assert answer.status_code == status
    assert sentence in answer.text
    assert client.get(f"{A3}/answers/draft", headers=alice).json()["answers"] == {}


def test_half_a_character_is_refused(client, alice):
    body = '{"answers": {"why": "\\ud800"}}'
    headers = alice | {"Content-Type": "application/json"}
    assert client.put(f"{A3}/answers/draft", content=body, headers=headers).status_code == 422


# ---------------------------------------------------------------- handing in


def test_handing_in_makes_a_submission_of_the_draft(client, alice):
    assert hand_in(client, alice).json()["type"].endswith("no-answers")
    save(client, alice, GOOD)
    answer = hand_in(client, alice)
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/v1/submissions/{answer.json()['id']}"
    files = files_of(client, alice, answer.json()["id"])
    assert tomllib.loads(files.pop("answers.toml").decode()) == GOOD
    assert files == {}


def test_what_cannot_be_read_is_told_before_it_counts(client, world, alice):
    save(client, alice, GOOD | {"flops": "many"})
    refused = hand_in(client, alice)
    assert (refused.status_code, len(refused.json()["problems"])) == (422, 1)
    assert refused.json()["problems"][0].startswith("flops: ")
    with world.database.read() as session:
        assert session.scalar(select(Submission.id)) is None
    assert hand_in(client, alice, despite_problems="true").status_code == 202


def test_the_same_key_hands_in_once(client, alice):
    save(client, alice, GOOD)
    first, second = hand_in(client, alice, "k"), hand_in(client, alice, "k")
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    save(client, alice, {"size": "1x1"})
    assert hand_in(client, alice, "k").json()["type"].endswith("key-reused")


def test_the_policy_holds(client, world, alice):
    save(client, alice, GOOD)
    world.set(Assignment, "vu_dl_a3", policy={"submissions_per_period": 1})
    assert hand_in(client, alice).status_code == 202
    assert hand_in(client, alice).json()["type"].endswith("no-quota")
    world.set(Assignment, "vu_dl_a3", policy={"due_at": (now() - timedelta(days=1)).isoformat()})
    late = hand_in(client, alice)
    assert (late.status_code, late.json()["type"].rpartition(":")[2]) == (403, "too-late")
    assert save(client, alice, {"size": "3x3"}).status_code == 200  # a draft may still be written


def test_answers_are_taken_where_toml_files_are_not(client, world, alice):
    world.set(Assignment, "vu_dl_a3", policy={"accept": [".py"]})
    save(client, alice, GOOD)
    assert hand_in(client, alice).status_code == 202


# ---------------------------------------------------------------- together with code


def upload(
    client: TestClient, who: dict[str, str], name: str = "conv.py", data: bytes = RIGHT, key: str = ""
) -> Any:
    headers = who | ({"Idempotency-Key": key} if key else {})
    return client.post(f"{A3}/submissions", files={"file": (name, data)}, headers=headers)


def test_answers_go_with_the_newest_files_and_files_with_the_newest_answers(client, alice):
    upload(client, alice)
    save(client, alice, GOOD)
    both = hand_in(client, alice).json()
    assert "conv.py" in both["warnings"][0]
    files = files_of(client, alice, both["id"])
    assert files["conv.py"] == RIGHT
    assert tomllib.loads(files["answers.toml"].decode()) == GOOD
    newer = upload(client, alice, data=RIGHT + b"# better\n").json()
    files = files_of(client, alice, newer["id"])
    assert files["conv.py"] == RIGHT + b"# better\n"
    assert tomllib.loads(files["answers.toml"].decode()) == GOOD


def test_an_upload_with_both_is_left_alone(client, alice):
    save(client, alice, GOOD)
    hand_in(client, alice)
    parts = [("file", ("conv.py", RIGHT)), ("file", ("answers.toml", b"size = '1x1'\n"))]
    answer = client.post(f"{A3}/submissions", files=parts, headers=alice)
    assert files_of(client, alice, answer.json()["id"])["answers.toml"] == b"size = '1x1'\n"


def test_a_key_gives_the_same_submission_whatever_came_between(client, alice):
    save(client, alice, GOOD)
    hand_in(client, alice)
    first = upload(client, alice, key="code").json()
    save(client, alice, {"size": "9x9"})
    assert hand_in(client, alice).status_code == 202
    again = upload(client, alice, key="code")
    assert (again.status_code, again.json()["id"]) == (200, first["id"])


def test_nothing_is_taken_from_others_or_from_tests_of_the_staff(client, world, alice):
    for who in ("bob", "ta"):
        upload(client, world.token(who))
    save(client, alice, GOOD)
    assert set(files_of(client, alice, hand_in(client, alice).json()["id"])) == {"answers.toml"}


def test_where_no_answers_are_asked_nothing_is_joined(client, world, alice):
    save(client, alice, GOOD)
    hand_in(client, alice)
    with world.database.write() as session:
        for version in session.scalars(select(SpecVersion)):
            version.config = {**version.config, "answers": False}
    answer = upload(client, alice).json()
    assert (answer["file_name"], answer["size"]) == ("conv.py", len(RIGHT))


def test_ids_are_as_good_as_slugs(client, world, alice):
    there = f"/api/v1/assignments/{world.ids['vu_dl_a3']}/questions"
    assert client.get(there, headers=alice).status_code == 200
    assert client.get(f"/api/v1/assignments/{uuid.uuid4()}/questions", headers=alice).status_code == 404
