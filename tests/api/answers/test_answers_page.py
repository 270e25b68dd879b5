"""The form of written answers, as a browser without scripts uses it."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from papers import give_draft, give_papers
from sqlalchemy import select
from starlette.testclient import TestClient
from world import PASSWORD, World

from api.db.answers import AnswerDraft
from api.db.courses import Assignment
from api.db.submissions import Submission

PAGE = {"Accept": "text/html"}


@pytest.fixture
def alice(client: TestClient, world: World) -> TestClient:
    give_papers(world)
    client.headers.update(PAGE)
    client.post("/login", data={"email": world.email("alice"), "password": PASSWORD})
    return client


def address(world: World) -> str:
    return f"/assignments/{world.ids['vu_dl_a3']}/answers"


def send(client: TestClient, world: World, action: str = "save", **fields: Any) -> Any:
    form = client.get(address(world)).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    target = re.search(r'action="(/assignments/[^"]+/answers[^"]*)"', form)
    assert token
    assert target
    data = {"csrf_token": token[1], "action": action} | {
        name.replace("__", "."): v for name, v in fields.items()
    }
    return client.post(html.unescape(target[1]), data=data)


def draft(world: World) -> dict[str, Any]:
    with world.database.read() as session:
        found = session.scalar(select(AnswerDraft.answers))
    return found or {}


def test_each_kind_has_its_field(alice, world):
    page = alice.get(address(world)).text
    for field in (
        r'<input id="q-size" name="q\.size" type="text"',
        r'<textarea id="q-why" name="q\.why"[^>]*maxlength="4000"',
        r'<input type="radio" name="q\.best" value="SGD"',
        r'<input type="checkbox" id="q-which-0" name="q\.which" value="a"',
        r'<input class="mark__why"[^>]*name="why\.which\.0"',
    ):
        assert re.search(field, page), field
    assert "Adam &lt;b&gt;" in page
    assert "In MFLOP." in page
    assert "Variables: W (width), K." in page


def test_a_draft_comes_back_as_it_was_typed(alice, world):
    typed = {
        "q__size": "2 x 3",
        "q__best": "SGD",
        "q__which": ["a", "c"],
        "why__which__0": "fast & so",
        "why__which__2": "",
        "q__why": "Two\r\nlines <b>",
        "q__flops": "",
    }
    answer = send(alice, world, **typed)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{address(world)}?saved=true")
    kept = {"size": "2 x 3", "best": "SGD", "which": {"a": "fast & so", "c": ""}, "why": "Two\nlines <b>"}
    assert draft(world) == kept
    page = alice.get(answer.headers["location"]).text
    assert "Saved." in page
    assert 'value="fast &amp; so"' in page
    assert "Two\nlines &lt;b&gt;</textarea>" in page
    assert re.search(r'value="c" checked', page)
    assert not re.search(r'value="b" checked', page)


def test_what_cannot_be_read_is_shown_at_its_question(alice, world):
    page = alice.get(send(alice, world, q__flops="12 parsecs").headers["location"]).text
    assert 'id="q-flops-problem"' in page
    assert re.search(
        r'id="q-flops"[^>]*aria-describedby="q-flops-hint q-flops-problem" aria-invalid="true"', page
    )
    assert "parsecs" in page


def test_an_explanation_without_its_mark_is_shown_and_not_kept(alice, world):
    page = send(alice, world, q__which=["a"], why__which__0="yes", why__which__1="no mark").text
    assert "You explained an option that is not marked" in page
    assert 'value="no mark"' in page
    assert draft(world)["which"] == {"a": "yes"}


def test_handing_in_saves_and_leads_to_the_submission(alice, world):
    answer = send(alice, world, "hand-in", q__size="2x3")
    assert answer.headers["location"].startswith("/submissions/")
    assert draft(world) == {"size": "2x3"}


def test_handing_in_what_cannot_be_read_asks_first(alice, world):
    refused = send(alice, world, "hand-in", q__size="two by three")
    assert refused.status_code == 422
    assert "Hand in as it is" in refused.text
    assert "two by three" in refused.text
    with world.database.read() as session:
        assert session.scalar(select(Submission.id)) is None
    assert send(alice, world, "anyway", q__size="two by three").status_code == 303


def test_where_nothing_is_accepted_drafts_can_still_be_saved(alice, world):
    world.set(Assignment, "vu_dl_a3", policy={"due_at": "2020-01-01T00:00:00Z"})
    page = alice.get(address(world)).text
    assert 'value="hand-in"' not in page
    assert "not accepted" in page
    assert send(alice, world, q__size="2x3").status_code == 303


def test_the_page_says_what_the_answers_are_handed_in_with(alice, world):
    assert "You have handed in no files yet" in alice.get(address(world)).text
    world.submission("alice", file_name="mine.py")
    assert "<b>mine.py</b>" in alice.get(address(world)).text


def test_a_draft_of_a_program_is_shown_in_the_form(alice, world):
    give_draft(world, "alice", size=[2, 3], flops=12.5, which=["It is fast"], best="adam <b>")
    page = alice.get(address(world)).text
    assert 'value="2, 3"' in page
    assert 'value="12.5"' in page
    assert 'value="a" checked' in page
    assert 'value="Adam &lt;b&gt;" checked' in page


def test_the_assignment_leads_there_only_where_there_are_questions(alice, world):
    page = f"/assignments/{world.ids['vu_dl_a3']}"
    assert f'href="{address(world)}"' in alice.get(page).text
    give_papers(world, questions=False)
    assert f'href="{address(world)}"' not in alice.get(page).text
    assert alice.get(address(world)).status_code == 404


def test_another_site_cannot_save(alice, world):
    assert alice.post(address(world), data={"q.size": "1x1"}).status_code == 403
    assert draft(world) == {}
