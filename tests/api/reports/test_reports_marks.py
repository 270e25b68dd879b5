"""Marks: who gave what and when is kept for ever, students see them with the grades, and they add up."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from papers import give_papers, give_report
from pdf_files import pdf
from sqlalchemy import select
from starlette.testclient import TestClient
from world import World

from api.db.base import now
from api.db.courses import Assignment, AuditEvent
from api.db.reports import ReportState

A3 = "/api/v1/assignments/vu_dl_a3"


@pytest.fixture
def report(world: World) -> str:
    give_papers(world)
    return f"/api/v1/reports/{give_report(world, 'alice')}"


def mark(client: TestClient, who: dict[str, str], report: str, item: str = "figures", **body: Any) -> Any:
    return client.put(f"{report}/marks/{item}", json={"points": 9.5} | body, headers=who)


def test_marks_are_versions_and_audit_events(client, world, report):
    ta, teacher = world.token("ta"), world.token("instructor")
    assert mark(client, ta, report, comment="No axes.").status_code == 200
    assert mark(client, teacher, report, points=11, comment="They have.", version=1).status_code == 200
    history = client.get(f"{report}/marks", headers=ta).json()
    assert [(one["version"], one["points"], one["by"]["name"]) for one in history] == [
        (1, 9.5, "Ta"),
        (2, 11, "Instructor"),
    ]
    shown = client.get(report, headers=ta).json()
    assert shown["items"][0]["mark"] | {"at": ""} == {
        "points": 11.0,
        "comment": "They have.",
        "version": 2,
        "at": "",
        "by": history[1]["by"],
    }
    with world.database.read() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [(one.action, one.actor_id, one.detail["points"]) for one in events] == [
        ("report.mark", world.ids["ta"], 9.5),
        ("report.mark", world.ids["instructor"], 11.0),
    ]
    assert events[1].detail["before"] == {"points": 9.5, "comment": "No axes."}


def test_who_saw_an_older_mark_overwrites_nothing(client, world, report):
    ta = world.token("ta")
    mark(client, ta, report)
    refused = mark(client, ta, report, points=1)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "marked-meanwhile")
    assert mark(client, ta, report).status_code == 200  # the same again
    assert len(client.get(f"{report}/marks", headers=ta).json()) == 1


@pytest.mark.parametrize(
    ("item", "body", "status"),
    [
        ("figures", {"points": 12.5}, 422),
        ("figures", {"points": -1}, 422),
        ("figures", {"points": "NaN"}, 422),
        ("figures", {"comment": "x" * 5001}, 422),
        ("figures", {"bonus": 1}, 422),
        ("beauty", {}, 404),
    ],
)
def test_what_is_no_mark_is_refused(client, world, report, item, body, status):
    assert mark(client, world.token("ta"), report, item, **body).status_code == status
    assert client.get(f"{report}/marks", headers=world.token("ta")).json() == []


def test_students_see_marks_when_the_grades_are_published(client, world, report):
    mark(client, world.token("ta"), report, comment="Well done")
    alice = world.token("alice")
    before = client.get(report, headers=alice)
    assert "Well done" not in before.text
    assert (before.json()["are_marks_shown"], before.json()["score"]) == (False, None)
    assert client.get(f"{A3}/standing", headers=alice).json()["report"]["score"] is None
    world.set(Assignment, "vu_dl_a3", is_published=True)
    after = client.get(report, headers=alice).json()
    assert after["items"][0]["mark"]["comment"] == "Well done"
    assert after["items"][0]["mark"]["by"] is None  # students need not know who
    assert client.get(f"{A3}/standing", headers=alice).json()["report"]["score"] == 9.5
    assert client.get(f"{report}/marks", headers=alice).status_code == 403


def row(client: TestClient, world: World, who: str = "alice") -> dict[str, Any]:
    rows = client.get(f"{A3}/gradebook", headers=world.token("ta")).json()["items"]
    return next(one for one in rows if one["email"] == world.email(who))


def test_the_gradebook_adds_them_up(client, world, report):
    world.submission("alice", score=8.0)
    ta = world.token("ta")
    assert (row(client, world)["report_score"], row(client, world)["total_score"]) == (None, 8.0)
    mark(client, ta, report)
    mark(client, ta, report, "text", points=6)
    found = row(client, world)
    assert (found["final_score"], found["report_score"], found["report_max_score"]) == (8.0, 15.5, 20.0)
    assert found["total_score"] == 23.5
    assert f"/api/v1/reports/{found['report']}" == report
    assert row(client, world, "bob")["total_score"] is None
    text = client.get(f"{A3}/gradebook.csv", headers=ta).text.lstrip("\ufeff")
    line = next(one for one in csv.DictReader(io.StringIO(text)) if one["email"] == world.email("alice"))
    assert (line["report_score"], line["total_score"]) == ("15.5", "23.5")


def test_the_last_readable_report_counts_after_lateness(client, world, report):
    ta = world.token("ta")
    mark(client, ta, report)
    give_report(world, "alice", state=ReportState.REFUSED, page_count=None)
    assert row(client, world)["report_score"] == 9.5
    due = now() - timedelta(hours=2)
    late = {"kind": "percent_per_day", "percent": 10}
    world.set(Assignment, "vu_dl_a3", policy={"due_at": due.isoformat(), "late": late})
    assert row(client, world)["report_score"] == pytest.approx(8.55)
    newer = give_report(world, "alice", received_at=due - timedelta(hours=1))
    assert row(client, world)["report_score"] is None  # nobody has marked it
    mark(client, ta, f"/api/v1/reports/{newer}", points=4)
    assert row(client, world)["report_score"] == 4


def test_what_cannot_be_read_is_not_marked(client, world):
    give_papers(world)
    refused = give_report(world, "alice", state=ReportState.REFUSED, page_count=None)
    assert mark(client, world.token("ta"), f"/api/v1/reports/{refused}").status_code == 409


def test_a_test_of_the_staff_counts_for_nobody(client, world, report):
    client.post(f"{A3}/reports", files={"file": ("r.pdf", pdf(2))}, headers=world.token("ta"))
    mark(client, world.token("ta"), report)
    assert row(client, world)["report_score"] == 9.5
