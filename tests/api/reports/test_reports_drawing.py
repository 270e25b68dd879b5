"""Workers draw reports: one claim at a time, and nothing is written without its lease."""

from __future__ import annotations

from datetime import timedelta

import pytest
from papers import give_papers, give_report, newest_report
from sqlalchemy import select
from world import World

from api.blobs import BlobStore
from api.db.base import now
from api.db.reports import Report, ReportPage, ReportState
from api.reports import drawing
from api.worker.drawer import Drawer
from grader.errors import InfrastructureError, SubmissionError
from grader.pdf import Picture
from grader.pdf.png import encode

PICTURES = tuple(Picture(2, 1, encode(2, 1, bytes([shade] * 6))) for shade in (0, 200))


class FakeGrader:
    """Draws without a sandbox."""

    def __init__(self, *ends: object) -> None:
        self.ends = list(ends)
        self.revived = 0

    def pictures(self, name: str, data: bytes, max_pages: int) -> tuple[Picture, ...]:
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        assert data.startswith(b"%PDF")
        assert (name, max_pages) == ("report.pdf", 3)
        return PICTURES

    def revive(self) -> None:
        self.revived += 1


@pytest.fixture
def waiting(world: World) -> World:
    give_papers(world)
    give_report(world, "alice", pages=0, state=ReportState.WAITING)
    return world


def drawer(world: World, *ends: object) -> Drawer:
    blobs = BlobStore(world.settings.blobs)
    return Drawer(world.settings, world.database, blobs, FakeGrader(*ends))  # type: ignore[arg-type]


def rest(world: World) -> None:
    """Whatever pause there is, it is over."""
    world.set(Report, newest_report(world).id, lease_until=now() - timedelta(seconds=1))


def test_pages_are_kept(database, waiting):
    drawer(waiting, "good").look()
    report = newest_report(waiting)
    assert (report.state, report.page_count, report.lease_until) == (ReportState.READY, 2, None)
    with database.read() as session:
        pages = session.scalars(select(ReportPage).order_by(ReportPage.number)).all()
    assert [(page.number, page.width, page.height) for page in pages] == [(1, 2, 1), (2, 2, 1)]
    with BlobStore(waiting.settings.blobs).open(pages[1].blob_digest) as stream:
        assert stream.read() == PICTURES[1].data


def test_a_student_s_fault_is_told_and_not_tried_again(waiting):
    sentence = "report.pdf has 7 pages; 1 to 3 are allowed."
    drawer(waiting, SubmissionError(sentence)).look()
    report = newest_report(waiting)
    assert (report.state, report.fault) == (ReportState.REFUSED, sentence)


def test_our_fault_is_tried_again_and_given_up_in_the_end(waiting):
    for attempt in range(1, waiting.settings.attempts + 1):
        drawer(waiting, InfrastructureError("The disk is full.")).look()
        assert newest_report(waiting).attempt == attempt
        if attempt < waiting.settings.attempts:
            assert newest_report(waiting).state == ReportState.WAITING
            assert drawing.claim(waiting.database, 3) is None  # there is a pause
            rest(waiting)
    assert newest_report(waiting).state == ReportState.FAILED
    assert "our fault" in newest_report(waiting).fault


def test_what_kills_its_workers_is_given_up(waiting):
    for _ in range(3):
        assert drawing.claim(waiting.database, 3) is not None
        rest(waiting)
    assert drawing.claim(waiting.database, 3) is None
    assert newest_report(waiting).state == ReportState.FAILED


def test_a_claim_is_one_worker_s_and_a_lost_one_writes_nothing(waiting):
    blobs = BlobStore(waiting.settings.blobs)
    mine = drawing.claim(waiting.database, 3)
    assert mine is not None
    assert drawing.claim(waiting.database, 3) is None
    rest(waiting)
    other = drawing.claim(waiting.database, 3)
    assert other is not None
    assert not drawing.keep(waiting.database, blobs, mine, PICTURES)
    assert not drawing.refuse(waiting.database, mine, "No.")
    assert not drawing.fail(waiting.database, mine, 1)
    assert newest_report(waiting).state == ReportState.WAITING
    assert drawing.keep(waiting.database, blobs, other, PICTURES[:1])
    assert newest_report(waiting).page_count == 1


def test_a_worker_of_slow_stages_draws_nothing(waiting):
    settings = waiting.settings.model_copy(update={"queues": "slow"})
    blobs = BlobStore(settings.blobs)
    Drawer(settings, waiting.database, blobs, FakeGrader("good")).look()  # type: ignore[arg-type]
    assert newest_report(waiting).state == ReportState.WAITING
