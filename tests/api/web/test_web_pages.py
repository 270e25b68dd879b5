"""The pages as a browser without scripts gets them: signing in, the lists, handing in, results, tokens."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from papers import give_papers, give_report
from sqlalchemy import select
from starlette.testclient import TestClient
from world import PASSWORD, RIGHT, World

from api.accounts.actor import Scope
from api.courses import invitations
from api.db.accounts import ApiToken
from api.db.base import now
from api.db.courses import Assignment, Course, Enrolment, Role
from api.db.submissions import State, Submission

PAGE = {"Accept": "text/html"}


@pytest.fixture
def alice(client: TestClient, world: World) -> TestClient:
    return sign_in(client, world, "alice")


def sign_in(client: TestClient, world: World, who: str) -> TestClient:
    client.headers.update(PAGE)
    answer = client.post("/login", data={"email": world.email(who), "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    return client


def csrf(client: TestClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/").text)
    assert found
    return found[1]


def hand_in(client: TestClient, world: World, assignment: str = "vu_dl_a3", **changes: Any) -> Any:
    token = changes.pop("csrf_token", None) or csrf(client)
    address = f"/assignments/{world.ids[assignment]}?key={changes.pop('key', 'k1')}"
    file = changes.pop("file", ("conv.py", RIGHT))
    return client.post(address, data={"csrf_token": token}, files={"file": file}, **changes)


# ---------------------------------------------------------------- signing in and out


@pytest.mark.parametrize("path", ["/", "/tokens", "/assignments/vu_dl_a3", "/submissions/x?a=b"])
def test_who_is_not_signed_in_is_asked_to_and_comes_back(client: TestClient, world: World, path: str) -> None:
    answer = client.get(path, headers=PAGE)
    assert answer.status_code == 303
    form = client.get(answer.headers["location"], headers=PAGE)
    wanted = re.search(r'name="next" value="([^"]+)"', form.text)
    assert wanted
    assert wanted[1] == path
    data = {"email": world.email("alice"), "password": PASSWORD, "next": path}
    assert client.post("/login", data=data, headers=PAGE).headers["location"] == path


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"]
)
def test_signing_in_never_leads_to_another_site(client: TestClient, world: World, target: str) -> None:
    data = {"email": world.email("alice"), "password": PASSWORD, "next": target}
    assert client.post("/login", data=data, headers=PAGE).headers["location"] == "/"


def test_a_wrong_password_is_explained_on_the_form(client: TestClient, world: World) -> None:
    data = {"email": world.email("alice"), "password": "wrong " + PASSWORD}
    answer = client.post("/login", data=data, headers=PAGE)
    assert answer.status_code == 401
    assert "password is wrong" in answer.text
    assert f'value="{world.email("alice")}"' in answer.text
    assert "wrong correct" not in answer.text  # a password is never sent back


def test_another_site_cannot_sign_somebody_in(client: TestClient, world: World) -> None:
    data = {"email": world.email("alice"), "password": PASSWORD}
    answer = client.post("/login", data=data, headers=PAGE | {"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_signing_out_needs_the_token_and_ends_the_session(alice: TestClient) -> None:
    assert alice.post("/logout", data={}).status_code == 403
    answer = alice.post("/logout", data={"csrf_token": csrf(alice)})
    assert answer.headers["location"] == "/login"
    assert alice.get("/").status_code == 303


# ---------------------------------------------------------------- courses and assignments


def test_home_has_one_s_own_courses_with_due_time_tries_and_score(alice: TestClient, world: World) -> None:
    policy = {"due_at": (now() + timedelta(hours=5, minutes=30)).isoformat(), "submissions_per_period": 3}
    world.set(Assignment, "vu_dl_a3", policy=policy)
    world.submission("alice", score=7.5)
    text = words(alice.get("/").text)
    assert "Course dl101" in text
    assert "Course other" not in text
    assert "in 5 hours" in text
    assert "2 of 3 tries left" in text
    assert "3.75 of / 5" in text  # of the tests that are shown by now


def test_what_is_closed_is_there_for_staff_only(client: TestClient, world: World) -> None:
    world.set(Assignment, "vu_dl_a3", is_open=False, title="Secret plans")
    assert "Secret plans" not in sign_in(client, world, "alice").get("/").text
    client.cookies.clear()
    assert "Secret plans" in sign_in(client, world, "ta").get("/").text


def test_administrators_see_every_course(client: TestClient, world: World) -> None:
    text = sign_in(client, world, "admin").get("/").text
    assert "Course dl101" in text
    assert "Course other" in text


def test_the_assignment_s_page_tells_the_rules_and_the_history(alice: TestClient, world: World) -> None:
    due = now() - timedelta(hours=2)
    late = {"kind": "percent_per_day", "percent": 20}
    world.set(Assignment, "vu_dl_a3", policy={"due_at": due.isoformat(), "late": late})
    world.submission("alice", score=8.0, file_name="late.py")
    text = words(alice.get(f"/assignments/{world.ids['vu_dl_a3']}").text)
    assert "−20 % each day" in text
    assert "late.py" in text
    assert "1 day late" in text
    assert "4.8 of / 7.5" in text
    assert "counts" in text


def test_where_nothing_is_accepted_there_is_no_form_but_the_reason(alice: TestClient, world: World) -> None:
    world.set(Assignment, "vu_dl_a3", policy={"due_at": (now() - timedelta(days=1)).isoformat()})
    text = alice.get(f"/assignments/{world.ids['vu_dl_a3']}").text
    assert 'type="file"' not in text
    assert "not accepted" in text


# ---------------------------------------------------------------- handing in


def test_handing_in_leads_to_the_submission(alice: TestClient, world: World) -> None:
    answer = hand_in(alice, world)
    assert answer.status_code == 303
    shown = alice.get(answer.headers["location"])
    assert shown.status_code == 200
    assert "conv.py" in shown.text
    assert "data-events" in shown.text


def test_the_form_sent_twice_hands_in_once(alice: TestClient, world: World) -> None:
    first, second = hand_in(alice, world), hand_in(alice, world)
    assert first.headers["location"] == second.headers["location"]
    with world.database.read() as session:
        assert len(session.scalars(select(Submission)).all()) == 1


@pytest.mark.parametrize("token", ["wrong", "é"])
def test_handing_in_needs_the_page_s_token(alice: TestClient, world: World, token: str) -> None:
    answer = hand_in(alice, world, csrf_token=token)
    assert answer.status_code == 403
    assert "reload it" in answer.text
    with world.database.read() as session:
        assert session.scalar(select(Submission)) is None


def test_another_site_cannot_hand_in(alice: TestClient, world: World) -> None:
    assert hand_in(alice, world, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_what_is_refused_is_explained_on_the_page(alice: TestClient, world: World) -> None:
    answer = hand_in(alice, world, file=("essay.docx", b"text"))
    assert 400 <= answer.status_code < 500
    assert "It was not accepted." in answer.text
    assert 'type="file"' in answer.text  # and they can try again at once


def test_an_assignment_of_others_is_not_there(alice: TestClient, world: World) -> None:
    for answer in (alice.get(f"/assignments/{world.ids['other_a3']}"), hand_in(alice, world, "other_a3")):
        assert answer.status_code == 404
        assert "Not found" in answer.text


# ---------------------------------------------------------------- results


def test_a_result_shows_what_the_student_may_see_and_no_more(alice: TestClient, world: World) -> None:
    due = (now() + timedelta(days=1)).isoformat()
    world.set(Assignment, "vu_dl_a3", policy={"due_at": due})
    text = alice.get(f"/submissions/{world.submission('alice')}").text
    assert "shown OUTPUT" in text
    assert "A hint of the hidden test." in text
    assert "withheld until the due date" in text
    for secret in ("HIDDEN OUTPUT", "LATER OUTPUT", "LAST OUTPUT", "hint of the after_due_date"):
        assert secret not in text


def test_staff_see_all_of_it_and_whose_it_is(client: TestClient, world: World) -> None:
    text = sign_in(client, world, "ta").get(f"/submissions/{world.submission('alice')}").text
    assert "HIDDEN OUTPUT" in text
    assert "by Alice" in text


def test_results_that_come_later_are_not_on_the_page(alice: TestClient, world: World) -> None:
    world.set(Assignment, "vu_dl_a3", policy={"results": "after_published"})
    page = alice.get(f"/submissions/{world.submission('alice')}").text
    assert "show the results of this assignment later" in page
    assert "OUTPUT" not in page
    history = alice.get(f"/assignments/{world.ids['vu_dl_a3']}").text.split('<h2 id="history"')[1]
    assert not re.search(r"(?<![\d:])8(?![\d:])", words(history))  # the score; not a time of day


@pytest.mark.parametrize(
    ("state", "sentence"), [(State.FAILED, "not your fault"), (State.SUPERSEDED, "newer file")]
)
def test_what_was_not_graded_is_explained(
    alice: TestClient, world: World, state: State, sentence: str
) -> None:
    page = alice.get(f"/submissions/{world.submission('alice', state=state, score=None)}").text
    assert sentence in page
    assert "data-events" not in page


@pytest.mark.parametrize("who", ["bob", "carol"])
def test_a_submission_of_others_is_not_there(client: TestClient, world: World, who: str) -> None:
    submission = world.submission("alice")
    assert sign_in(client, world, who).get(f"/submissions/{submission}").status_code == 404


def test_whatever_a_file_is_called_it_is_only_text(alice: TestClient, world: World) -> None:
    name = "<script>alert(1)</script>\"'.py"
    page = alice.get(f"/submissions/{world.submission('alice', file_name=name)}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


# ---------------------------------------------------------------- tokens


def test_a_token_is_made_shown_once_and_revoked(alice: TestClient, world: World) -> None:
    data = {"csrf_token": csrf(alice), "name": "laptop", "scopes": ["read"]}
    page = alice.post("/tokens", data=data).text
    found = re.search(r"tg_[\w-]{30,}", page)
    assert found
    secret = found[0]
    me = alice.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    assert me.json()["scopes"] == ["read"]
    assert secret not in alice.get("/tokens").text
    with world.database.read() as session:
        identifier = session.scalars(select(ApiToken.id)).one()
    answer = alice.post(f"/tokens/{identifier}/revoke", data={"csrf_token": csrf(alice)})
    assert answer.status_code == 303
    assert alice.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"name": "x"}, 422),
        ({"name": "", "scopes": ["read"]}, 422),
        ({"name": "x" * 101, "scopes": ["read"]}, 422),
        ({"name": "x", "scopes": ["everything"]}, 422),
        ({"name": "x", "scopes": ["admin"]}, 403),
    ],
)
def test_a_token_that_makes_no_sense_is_refused_on_the_page(
    alice: TestClient, data: dict[str, Any], status: int
) -> None:
    answer = alice.post("/tokens", data=data | {"csrf_token": csrf(alice)})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text


def test_nobody_makes_or_revokes_tokens_for_others(alice: TestClient, world: World) -> None:
    assert alice.post("/tokens", data={"name": "x", "scopes": ["read"]}).status_code == 403
    world.token("bob", Scope.READ)
    with world.database.read() as session:
        identifier = session.scalars(select(ApiToken.id)).one()
    answer = alice.post(f"/tokens/{identifier}/revoke", data={"csrf_token": csrf(alice)})
    assert answer.status_code == 404


# ---------------------------------------------------------------- invitations


def invite(world: World, email: str | None, role: Role = Role.STUDENT) -> str:
    with world.database.write() as session:
        course = session.get_one(Course, world.ids["other"])
        options: dict[str, Any] = {"role": role, "email": email, "section": "", "days": 1.0}
        return f"/invitations/{invitations.create(session, course, world.ids['oscar'], **options)[1]}"


def test_an_invitation_makes_an_account_and_signs_it_in(client: TestClient, world: World) -> None:
    client.headers.update(PAGE)
    link = invite(world, "dora@example.edu", Role.TA)
    page = client.get(link).text
    assert "Course other" in page
    assert "teaching assistant" in page
    answer = client.post(link, data={"name": "Dora", "password": "short"})
    assert answer.status_code == 422
    answer = client.post(link, data={"name": "Dora", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Course other" in client.get("/").text
    assert client.get(link).status_code == 404  # used up


def test_who_is_signed_in_joins_with_one_click(alice: TestClient, world: World) -> None:
    link = invite(world, None)
    assert "Join the course" in alice.get(link).text
    assert alice.post(link, data={}).status_code == 403
    assert alice.post(link, data={"csrf_token": csrf(alice)}).status_code == 303
    with world.database.read() as session:
        own = select(Enrolment).where(Enrolment.user_id == world.ids["alice"])
        assert len(session.scalars(own).unique().all()) == 2


def test_an_invitation_for_somebody_else_says_so(alice: TestClient, world: World) -> None:
    link = invite(world, "dora@example.edu")
    assert "This invitation is for" in alice.get(link).text
    answer = alice.post(link, data={"csrf_token": csrf(alice)})
    assert answer.status_code == 403


# ---------------------------------------------------------------- all pages


_LABELLED_AROUND = ("hidden", "checkbox", "radio")  # or not seen at all


class _Shape(HTMLParser):
    """Collects what a page must not have, and what it must."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[str] = []
        self.headings: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.faults += [f"<{tag} {name}>" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.faults.append(f"inline <{tag}>")
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag == "label" and given.get("for"):
            self.labels.add(given["for"] or "")
        is_field = tag == "textarea" or (tag == "input" and given.get("type") not in _LABELLED_AROUND)
        if is_field and not given.get("aria-label"):
            self.fields.append(given.get("id") or "")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))


def test_every_page_is_well_formed(alice: TestClient, world: World) -> None:
    """Strict CSP, one main heading, no heading level left out, every field labelled, ids unique."""
    submission = world.submission("alice")
    waiting = world.submission("alice", state=State.QUEUED, score=None)
    own = ["/", "/tokens", f"/assignments/{world.ids['vu_dl_a3']}", "/nothing-here"]
    own += [f"/submissions/{submission}", f"/submissions/{waiting}", invite(world, None)]
    give_papers(world)
    here, report = f"/assignments/{world.ids['vu_dl_a3']}", give_report(world, "alice")
    own += [f"{here}/answers", f"{here}/report", f"/reports/{report}"]
    pages = {path: alice.get(path) for path in own}
    alice.cookies.clear()
    for path in ("/login", invite(world, "dora@example.edu"), invite(world, None)):
        pages[path] = alice.get(path)
    for path, answer in pages.items():
        shape = _Shape()
        shape.feed(answer.text)
        assert shape.faults == [], path
        assert shape.headings.count(1) == 1, path
        steps = zip(shape.headings, shape.headings[1:], strict=False)
        assert all(after <= before + 1 for before, after in steps), path
        assert set(shape.fields) <= shape.labels, path
        assert len(set(shape.ids)) == len(shape.ids), path
        assert answer.headers["cache-control"] == "no-store", path
        assert "unsafe" not in answer.headers["content-security-policy"], path
        assert '<html lang="en">' in answer.text


def test_programs_get_problems_and_browsers_pages(client: TestClient) -> None:
    page = client.get("/nothing-here", headers=PAGE)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    problem = client.get("/nothing-here")
    assert problem.headers["content-type"] == "application/problem+json"
    assert client.get("/api/v1/nothing", headers=PAGE).headers["content-type"] == "application/problem+json"


def test_static_files_are_kept_for_ever_and_nothing_else_is_served(client: TestClient) -> None:
    from api.web.render import STATIC_URL

    sheet = client.get(f"{STATIC_URL}/style.css")
    assert sheet.status_code == 200
    assert "immutable" in sheet.headers["cache-control"]
    assert client.get(f"{STATIC_URL}/fonts/inter.woff2").headers["content-type"] == "font/woff2"
    assert client.get(f"{STATIC_URL}/..%2frender.py").status_code == 404


def words(html: str) -> str:
    """What a reader reads."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
