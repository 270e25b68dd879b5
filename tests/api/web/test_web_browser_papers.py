"""Written answers and reports in a real browser: without scripts, on small screens, in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from by_hand import serving
from fastapi import FastAPI
from machine import unavailable
from papers import give_draft, give_papers, give_report
from pdf_files import pdf
from playwright.sync_api import Browser, Page, expect, sync_playwright
from world import PASSWORD, World

CHROMIUM = Path("/usr/bin/chromium")
AUDIT = Path(__file__).with_name("audit.js").read_text(encoding="utf-8")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


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
    give_papers(world)
    with serving(app) as url:
        yield url


def signed_in(browser: Browser, address: str, world: World, who: str, *, scripts: bool = True) -> Page:
    context = browser.new_context(base_url=address, java_script_enabled=scripts)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("E-mail").fill(world.email(who))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return page


def test_a_student_answers_and_an_assistant_marks_without_scripts(
    browser: Browser, address: str, world: World
) -> None:
    page = signed_in(browser, address, world, "alice", scripts=False)
    page.goto(f"/assignments/{world.ids['vu_dl_a3']}")
    page.get_by_role("link", name="Written answers").click()
    page.get_by_label("Which shape?").fill("28x28x10")
    page.get_by_label("How many FLOPs?").fill("lots")
    page.get_by_label("Adam <b>").check()
    page.get_by_label("It is right", exact=True).check()
    page.get_by_label("Why It is right applies").fill("It was measured.")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_label("How many FLOPs?")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Adam <b>")).to_be_checked()
    page.get_by_label("How many FLOPs?").fill("1200 MFLOP")
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", name="submission.zip")).to_be_visible()

    page.goto(f"/assignments/{world.ids['vu_dl_a3']}/report")
    report = {"name": "report.pdf", "mimeType": "application/pdf", "buffer": pdf()}
    page.get_by_label("Choose your PDF").set_input_files(report)
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_text("Its pages are being drawn")).to_be_visible()
    page.context.close()

    page = signed_in(browser, address, world, "ta", scripts=False)
    page.goto(f"/assignments/{world.ids['vu_dl_a3']}/reports")
    page.get_by_role("link", name="Alice").click()
    page.get_by_label("Points").first.fill("9.5")
    page.get_by_label("Comment").first.fill("Axes.")
    page.get_by_role("button", name="Save marks").click()
    expect(page.get_by_text("Some items have no mark yet.")).to_be_visible()
    page.context.close()


@pytest.mark.parametrize("width", [1100, 390, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_can_be_read(
    browser: Browser, address: str, world: World, width: int, scheme: str
) -> None:
    give_draft(world, "alice", flops="lots of them", which={"a": "so"}, why="Because.")
    report = give_report(world, "alice", pages=2, file_name="a_report_with_a_very_long_name_" * 4 + ".pdf")
    here = f"/assignments/{world.ids['vu_dl_a3']}"
    seen = {
        "alice": [here, f"{here}/answers", f"{here}/report", f"/reports/{report}"],
        "ta": [here, f"{here}/reports", f"/reports/{report}"],
    }
    for who, paths in seen.items():
        page = signed_in(browser, address, world, who)
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for path in paths:
            page.goto(path)
            assert page.evaluate(AUDIT) == [], f"{who} {path}"
        page.context.close()
