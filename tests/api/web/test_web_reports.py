"""The pages of reports, as browsers without scripts use them: handing in, reading, marking."""

from __future__ import annotations

import re
from typing import Any

import pytest
from papers import give_papers, give_report
from pdf_files import pdf
from sqlalchemy import select
from starlette.testclient import TestClient
from world import PASSWORD, World

from api.db.courses import Assignment
from api.db.reports import ReportMark, ReportState

PAGE = {"Accept": "text/html"}


def sign_in(client: TestClient, world: World, who: str) -> TestClient:
    client.cookies.clear()
    client.headers.update(PAGE)
    client.post("/login", data={"email": world.email(who), "password": PASSWORD})
    return client


@pytest.fixture
def alice(client: TestClient, world: World) -> TestClient:
    give_papers(world)
    return sign_in(client, world, "alice")


def csrf(client: TestClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/").text)
    assert found
    return found[1]


def place(world: World) -> str:
    return f"/assignments/{world.ids['vu_dl_a3']}/report"


def upload(client: TestClient, world: World, data: bytes = pdf(), csrf_token: str = "") -> Any:
    fields = {"csrf_token": csrf_token or csrf(client)}
    return client.post(place(world), data=fields, files={"file": ("report.pdf", data)})


def save(client: TestClient, report: object, **fields: str) -> Any:
    data = {name.replace("__", "."): value for name, value in fields.items()}
    return client.post(f"/reports/{report}", data={"csrf_token": csrf(client)} | data)


def marks(world: World) -> list[tuple[str, int, float, str]]:
    with world.database.read() as session:
        rows = session.scalars(select(ReportMark).order_by(ReportMark.id))
        return [(row.item, row.version, row.points, row.comment) for row in rows]


def test_handing_in_leads_to_the_report(alice, world):
    answer = upload(alice, world)
    assert answer.status_code == 303
    assert "Its pages are being drawn" in alice.get(answer.headers["location"]).text
    assert "report.pdf" in alice.get(place(world)).text
    assert "handed in, up to 20 points" in alice.get(f"/assignments/{world.ids['vu_dl_a3']}").text


def test_what_is_refused_is_explained_on_the_page(alice, world):
    answer = upload(alice, world, b"Dear teacher")
    assert answer.status_code == 422
    assert "It was not accepted." in answer.text
    assert "is not a PDF" in answer.text
    assert upload(alice, world, pdf(), "wrong").status_code == 403
    world.set(Assignment, "vu_dl_a3", policy={"due_at": "2020-01-01T00:00:00Z"})
    assert 'type="file"' not in alice.get(place(world)).text


def test_a_report_that_cannot_be_read_says_so(alice, world):
    fault = "report.pdf has 9 pages; 1 to 3 are allowed. Shorten it."
    report = give_report(world, "alice", state=ReportState.REFUSED, fault=fault, page_count=None)
    for path in (f"/reports/{report}", place(world)):
        assert fault in alice.get(path).text


def test_staff_mark_item_by_item(alice, world):
    report = give_report(world, "alice", pages=2)
    ta = sign_in(alice, world, "ta")
    page = ta.get(f"/reports/{report}").text
    assert page.count("/pages/") == 4  # a link and a picture for each
    answer = save(ta, report, points__figures="9,5", comment__figures="No <axes>.", points__text="")
    assert answer.headers["location"] == f"/reports/{report}?saved=true"
    assert marks(world) == [("figures", 1, 9.5, "No <axes>.")]
    page = ta.get(answer.headers["location"]).text
    assert "No &lt;axes&gt;." in page
    assert "Some items have no mark yet." in page
    same = {"points__figures": "9.5", "comment__figures": "No <axes>.", "version__figures": "1"}
    save(ta, report, **same, points__text="8")
    assert [one[:2] for one in marks(world)] == [("figures", 1), ("text", 1)]


def test_marks_that_cannot_be_saved_are_all_refused_and_stay_typed(alice, world):
    report = give_report(world, "alice")
    ta = sign_in(alice, world, "ta")
    answer = save(ta, report, points__figures="3", comment__figures="kept text", points__text="many")
    assert answer.status_code == 422
    assert "Nothing was saved." in answer.text
    assert "kept text" in answer.text
    assert 'value="many"' in answer.text
    assert marks(world) == []
    save(ta, report, points__figures="3")
    answer = save(ta, report, points__figures="4", version__figures="0")  # from a page of before
    assert answer.status_code == 409
    assert 'name="version.figures" value="1"' in answer.text
    assert 'value="4"' in answer.text


def test_students_read_marks_once_they_are_released_and_give_none(alice, world):
    report = give_report(world, "alice")
    given = {"points": 6, "comment": "Fine.", "marked_by": world.ids["ta"]}
    world.add(ReportMark(report_id=report, item="text", version=1, **given))
    assert "Fine." not in alice.get(f"/reports/{report}").text
    assert save(alice, report, points__text="8").status_code == 403
    world.set(Assignment, "vu_dl_a3", is_published=True)
    page = alice.get(f"/reports/{report}").text
    assert "Fine." in page
    assert "not marked yet" in page
    assert "6 of 20 points" in alice.get(f"/assignments/{world.ids['vu_dl_a3']}").text


def test_staff_see_whose_report_waits_for_marks(alice, world):
    report = give_report(world, "alice")
    ta = sign_in(alice, world, "ta")
    page = ta.get(f"{place(world)}s").text
    assert f'href="/reports/{report}"' in page
    assert "to mark" in page
    assert "nothing handed in" in page  # bob
    sign_in(alice, world, "bob")
    assert alice.get(f"{place(world)}s").status_code == 403
    assert alice.get(f"/reports/{report}").status_code == 404
