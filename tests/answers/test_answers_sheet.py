"""questions.toml as a whole: what authors may write, and what students are told."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from answer_builders import question, sheet_of, written_sheet

from grader.answers import Sheet
from grader.assignment import load
from grader.errors import SpecError
from grader.intake.answers import places
from grader.scoring.model import TestStatus

QUESTIONS = """
[option_sets]
tags = ["cnn", "rnn"]

[[questions]]
key = "size"
text = "How large?"
points = 2
part = "written"
kind = "shape"
also = [[10, 28, 28]]

[[questions]]
key = "count"
text = "How many?"
points = 1
kind = "integer"
visibility = "visible"
mistakes = [{ answer = 90, hint = "Are the biases missing?" }]

[[questions]]
key = "paper"
text = "Which tags?"
points = 1
kind = "marks"
options = "tags"

[[questions]]
key = "formula"
text = "Which size?"
points = 1
kind = "expression"
variables = ["W"]

[[questions]]
key = "honest"
text = "Yours?"
kind = "honesty"
options = { a = "mine", b = "copied" }
costly = ["b"]
penalty = 1000
"""
ANSWERS = 'size = "28x28x10"\ncount = 100\npaper = ["cnn"]\nformula = "W/2"\nhonest = "a"\n'


@pytest.fixture
def sheet(tmp_path):
    return written_sheet(tmp_path, QUESTIONS, ANSWERS)


def test_results_look_like_those_of_tests(sheet):
    size, count = sheet.mark({"size": "10x28x28", "count": "99"}).results[:2]
    assert (size.id, size.name, size.part, size.score, size.max_score) == (
        "answers::size",
        "How large?",
        "written",
        2,
        2,
    )
    assert (count.status, count.score, count.visibility) == (TestStatus.FAILED, 0, "visible")
    assert "100" not in " ".join(count.hints)
    assert "100" in count.output
    assert sheet.worth() == {result.id: result.max_score for result in sheet.mark({}).results}


def test_a_known_mistake_gets_its_own_sentence(sheet):
    result = sheet.mark({"count": 90}).results[1]
    assert (result.score, result.hints) == (0, ("Are the biases missing?",))


@pytest.mark.parametrize("blank", [None, "", "  \n", [], {}])
def test_what_is_blank_is_not_answered(sheet, blank):
    results = sheet.mark({"count": blank} if blank is not None else {}).results
    assert results[1].status is TestStatus.NOT_IMPLEMENTED
    assert "`count`" in results[1].hints[0]
    assert sheet.missing({"count": blank, "size": "1"}) == ("count", "paper", "formula", "honest")


def test_texts_of_a_form_count_as_values_of_toml_do(sheet):
    texts = {"size": "28 x 28 x 10", "count": "100", "paper": "cnn", "formula": "0.5*W", "honest": "Mine"}
    assert all(result.status is TestStatus.PASSED for result in sheet.mark(texts).results)


def test_the_public_side_knows_no_answer(sheet):
    told = json.dumps(sheet.public())
    assert "W/2" not in told
    for secret in ("28", "100", "90", "biases", "1000", "costly", "mistakes", "also"):
        assert secret not in told.replace(sheet.questions[0].how, "")
    assert [one["key"] for one in sheet.public()] == ["size", "count", "paper", "formula", "honest"]
    assert sheet.public()[2]["options"] == [{"key": "cnn", "text": "cnn"}, {"key": "rnn", "text": "rnn"}]
    assert sheet.public()[3]["variables"] == [{"name": "W", "text": ""}]


def test_problems_are_told_before_it_counts(sheet):
    given = {"size": "28xx", "count": "100", "paper": "gnn", "fomula": "W/2"}
    found = sheet.problems(given)
    assert [sentence.partition(":")[0] for sentence in found[:2]] == ["size", "paper"]
    assert found[2] == "There is no question `fomula`: is `formula` meant?"
    assert sheet.problems({"size": "1x1", "count": 1, "honest": "b"}) == []  # wrong, but well written


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('kind = "shape"', 'kind = "shap"', "size"),
        ('kind = "shape"', 'kind = "shape"\ncolour = 1', "size: colour"),
        ('key = "count"', 'key = "size"', "two questions have the key size"),
        ('key = "count"', 'key = "how many"', "key"),
        ('options = "tags"', 'options = "tag"', "option_sets.tag"),
        ("answer = 90", "answer = 100", "is a right answer"),
        ("answer = 90", 'answer = "many"', "cannot be read"),
        ('variables = ["W"]', 'variables = ["K"]', "`W` is not known"),
        ('variables = ["W"]', 'variables = ["exp", "W"]', "exp is a function"),
        ("points = 2", "points = -2", "points"),
        ('kind = "marks"', 'kind = "marks"\neach = 0.7', "paper: the right answer does not earn 1"),
        ('costly = ["b"]', 'costly = ["a"]', "honest"),
        ("[[questions]]", "[[question]]", "questions"),
        ("[option_sets]", "[option_sets", "questions.toml"),
    ],
)
def test_mistakes_of_the_author(tmp_path, before, after, words):
    with pytest.raises(SpecError, match=r"questions\.toml") as error:
        written_sheet(tmp_path, QUESTIONS.replace(before, after), ANSWERS)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("count = 100\n", "", "has no `count`"),
        ("count = 100", 'count = ""', "has no `count`"),
        ("count = 100", 'count = "many"', "count: an answer of the author cannot be read"),
        ("W/2", "sqrt(-W)", "too few values"),
        ("count = 100", "count = ", "line 2"),
    ],
)
def test_mistakes_in_the_reference(tmp_path, before, after, words):
    with pytest.raises(SpecError) as error:
        written_sheet(tmp_path, QUESTIONS, ANSWERS.replace(before, after))
    assert words in str(error.value)


def test_questions_without_answers_are_the_authors_mistake(tmp_path):
    written_sheet(tmp_path, QUESTIONS, ANSWERS)
    toml = tmp_path / "test_specs" / "lab" / "assignment.toml"
    toml.write_text(toml.read_text().replace("answers = true", "answers = false"))
    with pytest.raises(SpecError, match="answers = true"):
        Sheet.load(load("lab", tmp_path))
    toml.write_text(toml.read_text().replace("answers = false", "answers = true"))
    (tmp_path / "reference" / "lab" / "answers.toml").unlink()
    with pytest.raises(SpecError, match="the right answers are missing"):
        Sheet.load(load("lab", tmp_path))
    (tmp_path / "test_specs" / "lab" / "questions.toml").unlink()
    assert Sheet.load(load("lab", tmp_path)) is None


def test_lines_of_answers():
    text = '# q = 0\n  "first" = 1\nsecond=2\n[third]\nfirst = 3\nfourth.x = 1\n'
    assert {name: line for name, (line, _) in places(text).items()} == {
        "first": 2,
        "second": 3,
        "third": 4,
        "fourth": 6,
    }


def test_every_kind_explains_itself():
    fields = {
        "number": {},
        "integer": {},
        "shape": {},
        "text": {},
        "expression": {"variables": ["x"]},
        "choice": {"options": ["a", "b"]},
        "marks": {"options": ["a", "b"]},
        "honesty": {"options": ["a", "b"], "costly": ["b"], "penalty": 1},
    }
    for kind, more in fields.items():
        right = {"expression": "x", "choice": "a", "marks": ["a"], "honesty": "a"}.get(kind, "1")
        public = sheet_of(question(kind, **more), right).public()[0]
        assert public["how"]
        assert public["kind"] == kind


def test_whoever_shows_a_form_imports_neither_torch_nor_sympy():
    code = "import sys, grader.answers; print({'torch', 'sympy', 'numpy', '_pytest'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "set()"
