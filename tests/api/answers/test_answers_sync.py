"""What a sync keeps of a questions.toml: everything that a form needs, and nothing of what is right."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from api.answers.service import sheet_of
from api.courses.sync import sync_specs
from api.db.courses import SpecVersion

ASKED = """
[[questions]]
key = "width"
kind = "integer"
text = "How wide?"
points = 2
mistakes = [{ answer = 777001, hint = "Not this." }]

[[questions]]
key = "best"
kind = "choice"
text = "Which?"
points = 1
options = { zeta = "the last", a = "the first", mid = "the one between" }
"""
RIGHT = 'width = 777002\nbest = "zeta"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder, reference = tmp_path / "test_specs/essay", tmp_path / "reference/essay"
    folder.mkdir(parents=True)
    reference.mkdir(parents=True)
    (folder / "assignment.toml").write_text('name = "essay"\ntitle = "Essay"\nanswers = true\n')
    (folder / "questions.toml").write_text(ASKED)
    (reference / "answers.toml").write_text(RIGHT)
    return tmp_path


def kept(database) -> SpecVersion:
    with database.read() as session:
        return session.scalars(select(SpecVersion).order_by(SpecVersion.id.desc())).first()


def test_questions_are_kept_in_their_order_without_answers(database, root):
    assert sync_specs(database, root).errors == {}
    version = kept(database)
    assert "77700" not in version.questions
    sheet = sheet_of(version)
    assert sheet is not None
    width, best = sheet.public()
    assert (width["key"], width["points"]) == ("width", 2)
    assert [option["key"] for option in best["options"]] == ["zeta", "a", "mid"]
    assert len(sheet.problems({"width": "1.5", "best": "middle"})) == 2
    assert sheet.problems({"width": "1 024", "best": "Zeta"}) == []


def test_a_change_of_questions_or_answers_is_a_version(database, root):
    sync_specs(database, root)
    first = kept(database)
    (root / "reference/essay/answers.toml").write_text(RIGHT.replace("zeta", "mid"))
    assert sync_specs(database, root).added == ("essay",)
    assert kept(database).questions == first.questions
    (root / "test_specs/essay/questions.toml").write_text(ASKED.replace("How wide?", "How broad?"))
    sync_specs(database, root)
    assert "How broad?" in kept(database).questions


def test_a_sheet_with_a_mistake_is_the_author_s_and_left_out(database, root):
    (root / "reference/essay/answers.toml").write_text("width = 5\n")
    report = sync_specs(database, root)
    assert "best" in report.errors["essay"]
    assert kept(database) is None
