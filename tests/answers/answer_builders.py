"""Questions as an author writes them, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grader.answers import Sheet
from grader.answers.question import Question
from grader.answers.questions import question_from
from grader.assignment import load

ASSIGNMENT = 'name = "lab"\ntitle = "Lab"\nanswers = true\nallow_negative = true\n[code]\nfiles = []\n'


def question(kind: str, **fields: Any) -> Question:
    """One question worth 1 point, unless `fields` say otherwise."""
    worth = {} if kind == "honesty" else {"points": 1}
    return question_from({"key": "q", "text": "What?", "kind": kind, **worth, **fields})


def earned(asked: Question, given: Any, right: Any) -> float:
    """Points for `given` where `right` is the reference's answer."""
    return sheet_of(asked, right).mark({asked.key: given}).results[0].score


def sheet_of(asked: Question, right: Any) -> Sheet:
    """A sheet of one question."""
    return Sheet((asked,), {asked.key: asked.read(right)})


def write_course(root: Path, questions: str, answers: str, assignment: str = ASSIGNMENT) -> Path:
    """A course of one assignment, `lab`, that only asks questions; its root."""
    folder, reference = root / "test_specs" / "lab", root / "reference" / "lab"
    for path in (folder, reference):
        path.mkdir(parents=True, exist_ok=True)
    (folder.parent / "pytest.ini").write_text("[pytest]\n")
    (folder / "assignment.toml").write_text(assignment)
    (folder / "questions.toml").write_text(questions)
    (reference / "answers.toml").write_text(answers)
    return root


def written_sheet(root: Path, questions: str, answers: str) -> Sheet:
    """The sheet of such a course."""
    sheet = Sheet.load(load("lab", write_course(root, questions, answers)))
    assert sheet is not None
    return sheet
