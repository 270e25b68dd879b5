"""Reports are handed in within the policy's dates, kept as they came, and never parsed by the service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from papers import REPORT, give_papers, give_report, newest_report
from pdf_files import pdf
from sqlalchemy import func, select
from starlette.testclient import TestClient
from world import World

from api.db.base import new_id, now
from api.db.courses import Assignment, Extension, Group, GroupMember
from api.db.reports import Report, ReportState

A3 = "/api/v1/assignments/vu_dl_a3"


@pytest.fixture
def alice(world: World) -> dict[str, str]:
    give_papers(world)
    return world.token("alice")


def upload(client: TestClient, who: dict[str, str], data: bytes = pdf(), name: str = "report.pdf") -> Any:
    return client.post(f"{A3}/reports", files={"file": (name, data)}, headers=who)


def count(world: World) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


def test_a_report_is_kept_as_it_came(client, alice):
    answer = upload(client, alice, pdf(2), "Mein Bericht.pdf")
    assert answer.status_code == 202
    there = answer.headers["location"]
    assert there == f"/api/v1/reports/{answer.json()['id']}"
    shown = client.get(there, headers=alice).json()
    assert (shown["state"], shown["pages"], shown["file_name"]) == ("waiting", None, "Mein Bericht.pdf")
    assert [item["id"] for item in shown["items"]] == ["figures", "text"]
    file = client.get(f"{there}/file", headers=alice)
    assert file.content == pdf(2)
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["x-content-type-options"] == "nosniff"


def test_the_same_bytes_again_are_the_same_report(client, world, alice):
    first = upload(client, alice).json()
    again = upload(client, alice)
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    upload(client, alice, pdf(2))
    assert upload(client, alice).status_code == 202  # back to the first: a report of its own
    assert count(world) == 3


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        (b"", 422, "Choose a PDF|is empty"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 2000, 422, "is not a PDF"),
        (pdf()[:-40], 422, "has no end"),
        (b"x" * 2000 + pdf(), 422, "is not a PDF"),
        (pdf() + b"%" * (REPORT["max_bytes"] + 1), 413, "Upload at most"),
    ],
)
def test_what_is_no_whole_pdf_is_refused(client, world, alice, data, status, sentence):
    answer = upload(client, alice, data)
    assert answer.status_code == status
    assert any(one in answer.json()["detail"] for one in sentence.split("|"))
    assert count(world) == 0


def test_only_one_file(client, alice):
    parts = [("file", ("a.pdf", pdf())), ("file", ("b.pdf", pdf(2)))]
    assert client.post(f"{A3}/reports", files=parts, headers=alice).status_code == 413


def test_the_dates_of_the_policy_hold_and_its_tries_do_not(client, world, alice):
    world.set(Assignment, "vu_dl_a3", policy={"submissions_per_period": 1})
    world.submission("alice")
    assert upload(client, alice).status_code == 202
    assert upload(client, alice, pdf(2)).status_code == 202
    past, future = (now() - timedelta(hours=1)).isoformat(), (now() + timedelta(hours=1)).isoformat()
    for policy, kind in (({"opens_at": future}, "not-open"), ({"due_at": past}, "too-late")):
        world.set(Assignment, "vu_dl_a3", policy=policy)
        refused = upload(client, alice, pdf(3))
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, kind)
    place = {"assignment_id": world.ids["vu_dl_a3"], "user_id": world.ids["alice"]}
    world.add(Extension(**place, due_at=now() + timedelta(days=1)))
    assert upload(client, alice, pdf(3)).status_code == 202


def test_late_days_are_for_code_and_a_deduction_is_for_reports_too(client, world, alice):
    past = (now() - timedelta(hours=1)).isoformat()
    world.set(Assignment, "vu_dl_a3", policy={"due_at": past, "late": {"kind": "late_days"}})
    assert upload(client, alice).status_code == 403
    late = {"kind": "percent_per_day", "percent": 25}
    world.set(Assignment, "vu_dl_a3", policy={"due_at": past, "late": late})
    answer = upload(client, alice)
    assert answer.status_code == 202
    lateness = client.get(answer.headers["location"], headers=alice).json()["lateness"]
    assert (lateness["days"], lateness["factor"]) == (1, 0.75)


def test_an_assignment_without_a_report_takes_none(client, world):
    answer = upload(client, world.token("alice"))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (404, "no-report")


def test_a_group_shares_its_report_and_others_see_none(client, world, alice):
    group = Group(id=new_id(), assignment_id=world.ids["vu_dl_a3"])
    world.add(group)
    world.add(GroupMember(group_id=group.id, user_id=world.ids["bob"], assignment_id=group.assignment_id))
    mine = give_report(world, "alice", group_id=group.id)
    own = give_report(world, "alice")
    listed = client.get(f"{A3}/reports", headers=world.token("bob")).json()["items"]
    assert [one["id"] for one in listed] == [str(mine)]
    assert client.get(f"/api/v1/reports/{own}", headers=world.token("bob")).status_code == 404
    assert len(client.get(f"{A3}/reports", headers=world.token("ta")).json()["items"]) == 2


def test_pages_are_pictures_and_nothing_else(client, world, alice):
    report = give_report(world, "alice", pages=2)
    page = client.get(f"/api/v1/reports/{report}/pages/2", headers=alice)
    assert page.content.startswith(b"\x89PNG")
    assert page.headers["content-type"] == "image/png"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in page.headers["cache-control"]
    assert client.get(f"/api/v1/reports/{report}/pages/3", headers=alice).status_code == 404


def test_what_the_staff_hand_in_is_a_test(client, world, alice):
    upload(client, world.token("ta"))
    assert newest_report(world).is_test
    assert newest_report(world).state == ReportState.WAITING
