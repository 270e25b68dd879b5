"""The pages in a real browser: Debian's chromium, driven by Playwright."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from by_hand import Grades, serving
from fastapi import FastAPI
from machine import unavailable
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import select
from world import PASSWORD, RIGHT, World

from api.db.submissions import State, Submission

CHROMIUM = Path("/usr/bin/chromium")
AUDIT = Path(__file__).with_name("audit.js")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        unavailable("no chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def address(app: FastAPI, world: World) -> Iterator[str]:
    with serving(app) as url:
        yield url


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=address, viewport={"width": 1100, "height": 800})
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that may not complain: neither about scripts nor about the content security policy."""
    complaints: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    assert complaints == []


def sign_in(page: Page, world: World, who: str = "alice") -> None:
    page.goto("/")
    page.get_by_label("E-mail").fill(world.email(who))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your courses")).to_be_visible()


def newest(world: World) -> uuid.UUID:
    with world.database.read() as session:
        found = session.scalars(select(Submission.id).order_by(Submission.id.desc())).first()
    assert found is not None
    return found


def hand_in(page: Page, world: World, name: str = "conv.py", content: bytes = RIGHT) -> Grades:
    page.goto(f"/assignments/{world.ids['vu_dl_a3']}")
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/x-python", "buffer": content}
    )
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    return Grades(world, newest(world))


def test_from_signing_in_to_the_score(page: Page, world: World) -> None:
    """The score appears without a click: queued, tested one by one, then the whole result."""
    sign_in(page, world)
    page.get_by_role("link", name=re.compile("Convolution")).first.click()
    grades = hand_in(page, world)
    live = page.get_by_role("status")
    expect(live).to_have_text(re.compile("Waiting: you are next"))
    grades.begin()
    expect(live).to_have_text("Your code is being tested")
    for position in (0, 1):
        grades.test(position)
    expect(page.get_by_text("2 of 4 tests")).to_be_visible()
    expect(page.get_by_label("Tests done so far").get_by_text("The visible test.")).to_be_visible()
    assert "OUTPUT" not in page.content()  # of the hidden test nothing but what may be seen
    grades.test(2)
    grades.test(3)
    grades.end()
    expect(page.locator(".score--total")).to_be_visible()
    page.get_by_text("Details", exact=True).first.click()
    expect(page.get_by_text("shown OUTPUT")).to_be_visible()
    assert "HIDDEN OUTPUT" not in page.content()
    expect(page.locator("[data-events]")).to_have_count(0)
    page.goto("/")
    expect(page.locator(".row__score .score").first).to_be_visible()


def test_a_grading_that_fails_by_our_fault_says_so(page: Page, world: World) -> None:
    sign_in(page, world)
    grades = hand_in(page, world)
    grades.begin()
    grades.end(State.FAILED)
    said = page.get_by_text("Something of ours failed. That is not your fault.", exact=True)
    expect(said).to_be_visible()


def test_quick_results_are_there_while_slow_tests_run(page: Page, world: World) -> None:
    sign_in(page, world)
    grades = hand_in(page, world)
    grades.begin()
    for position in range(4):
        grades.test(position)
    grades.first_stage_ends()
    expect(page.locator(".score--total")).to_be_visible()
    expect(page.get_by_text("points so far")).to_be_visible()
    expect(page.locator(".live")).to_be_visible()
    grades.end()
    expect(page.locator(".live")).to_have_count(0)
    expect(page.get_by_text("points so far")).to_have_count(0)


def test_a_page_opened_in_the_middle_catches_up(page: Page, world: World) -> None:
    sign_in(page, world)
    grades = hand_in(page, world)
    grades.begin()
    grades.test(0)
    grades.test(1)
    page.reload()
    expect(page.get_by_text("2 of 4 tests")).to_be_visible()
    grades.end()
    expect(page.locator(".score--total")).to_be_visible()


def test_what_would_be_refused_is_said_before_it_is_sent(page: Page, world: World) -> None:
    sign_in(page, world)
    page.goto(f"/assignments/{world.ids['vu_dl_a3']}")
    files = page.locator("input[type=file]")
    files.set_input_files({"name": "essay.docx", "mimeType": "text/plain", "buffer": b"x"})
    expect(page.get_by_role("alert")).to_contain_text("essay.docx")
    page.get_by_role("button", name="Hand in").click()
    expect(page).to_have_url(re.compile("/assignments/"))
    files.set_input_files({"name": "conv.py", "mimeType": "text/plain", "buffer": b"x" * 2_100_000})
    expect(page.get_by_role("alert")).to_contain_text("2.1 MB")


def test_a_file_can_be_dropped(page: Page, world: World) -> None:
    sign_in(page, world)
    page.goto(f"/assignments/{world.ids['vu_dl_a3']}")
    data = page.evaluate_handle(
        """() => { const data = new DataTransfer();
                   data.items.add(new File(["print(1)"], "dropped.py")); return data; }"""
    )
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": data})
    expect(page.locator("[data-chosen]")).to_contain_text("dropped.py")


def test_everything_works_with_the_keyboard(page: Page, world: World) -> None:
    page.goto("/login")
    expect(page.get_by_label("E-mail")).to_be_focused()  # the first field
    page.keyboard.type(world.email("alice"))
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your courses")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/assignments/"))


@pytest.mark.parametrize("size", [(1100, 800), (390, 844), (320, 640)], ids=["desktop", "phone", "smallest"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_can_be_read(page: Page, world: World, size: tuple[int, int], scheme: str) -> None:
    """No sideways scrolling (WCAG 1.4.10), enough contrast (1.4.3), targets of 24 pixels (2.5.8)."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto("/login")
    assert faults(page) == []
    sign_in(page, world)
    submission = world.submission("alice", file_name="a_file_with_a_very_long_name_that_goes_on_" * 3 + ".py")
    waiting = world.submission("alice", state=State.QUEUED, score=None)
    failed = world.submission("alice", state=State.FAILED, score=None)
    for path in (
        "/",
        f"/assignments/{world.ids['vu_dl_a3']}",
        *(f"/submissions/{one}" for one in (submission, waiting, failed)),
        "/tokens",
    ):
        page.goto(path)
        assert faults(page) == [], path


def faults(page: Page) -> list[str]:
    """What a reader with less than perfect eyes or hands would stumble on."""
    found: list[str] = page.evaluate(AUDIT.read_text(encoding="utf-8"))
    return found


def test_without_scripts_it_works_too(browser: Browser, address: str, world: World) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, world)
    grades = hand_in(page, world)
    grades.all_of_it()
    page.get_by_role("link", name="See how far it is").click()
    expect(page.locator(".score--total")).to_be_visible()
    context.close()
