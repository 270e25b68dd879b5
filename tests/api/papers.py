"""Questions and a report for an assignment of the world, and small PDFs."""

from __future__ import annotations

import json
import uuid
from typing import Any

from pdf_files import pdf
from sqlalchemy import select
from world import World

from api.db.answers import AnswerDraft
from api.db.base import new_id
from api.db.courses import Assignment, SpecVersion
from api.db.reports import Report, ReportPage, ReportState
from grader.answers import stored

SECRET = 987654321  # right, or known to be wrong: nobody may read it
TABLES: list[dict[str, Any]] = [
    {"key": "size", "kind": "shape", "text": "Which shape?", "points": 2.0, "part": "q1"},
    {
        "key": "flops",
        "kind": "number",
        "text": "How many `FLOPs`?",
        "points": 1.0,
        "part": "q1",
        "unit": "MFLOP",
        "mistakes": [{"answer": SECRET, "hint": "Not this."}],
    },
    {
        "key": "formula",
        "kind": "expression",
        "text": "The size?",
        "points": 1.0,
        "part": "q2",
        "variables": {"W": "width", "K": ""},
    },
    {"key": "best", "kind": "choice", "text": "Which one?", "points": 1.0, "options": ["SGD", "Adam <b>"]},
    {
        "key": "which",
        "kind": "marks",
        "text": "Which apply?",
        "points": 3.0,
        "options": {"a": "It is fast", "b": "It is right", "c": "It is new"},
        "minus_unexplained": 1.0,
    },
    {"key": "why", "kind": "text", "text": "Why?", "points": 2.0},
]  # fmt: skip
RUBRIC = [
    {"id": "figures", "title": "Figures", "points": 12.0, "description": "Axes have `labels`."},
    {"id": "text", "title": "Discussion", "points": 8.0, "description": ""},
]
REPORT = {"files": ["report.pdf"], "max_pages": 3, "max_bytes": 200_000, "rubric": RUBRIC}


def give_papers(world: World, slug: str = "vu_dl_a3", *, questions: bool = True, report: bool = True) -> None:
    """Let an assignment ask for written answers, a report, or both."""
    with world.database.write() as session:
        assignment = session.get_one(Assignment, world.ids[slug])
        version = session.get_one(SpecVersion, assignment.spec_version_id)
        version.config = {**version.config, "answers": True, "report": REPORT if report else None}
        sheet = stored.restore(json.dumps(TABLES)) if questions else None
        version.questions = stored.store(sheet)


def give_draft(world: World, who: str, slug: str = "vu_dl_a3", **answers: Any) -> None:
    """A draft that is saved already."""
    world.add(AnswerDraft(assignment_id=world.ids[slug], user_id=world.ids[who], answers=answers))


def give_report(world: World, who: str, slug: str = "vu_dl_a3", pages: int = 1, **columns: Any) -> uuid.UUID:
    """A report whose pages are drawn."""
    identifier = new_id()
    values = {"state": ReportState.READY, "page_count": pages, "file_name": "report.pdf"} | columns
    content = pdf(pages)
    digest, picture = world.blob(content), world.blob(PIXEL)
    world.add(
        Report(
            id=identifier,
            assignment_id=world.ids[slug],
            user_id=world.ids[who],
            blob_digest=digest,
            size=len(content),
            **values,
        )
    )
    world.add(
        *[
            ReportPage(
                report_id=identifier, number=number, blob_digest=picture, width=1, height=1, size=len(PIXEL)
            )
            for number in range(1, pages + 1)
        ]
    )
    return identifier


def newest_report(world: World) -> Report:
    """The one handed in last."""
    with world.database.read() as session:
        return session.scalars(select(Report).order_by(Report.id.desc())).unique().all()[0]


def _pixel() -> bytes:
    from grader.pdf.png import encode

    return encode(1, 1, b"\xff\xff\xff")


PIXEL = _pixel()
