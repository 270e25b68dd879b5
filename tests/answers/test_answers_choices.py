"""Options, marks, declarations and texts."""

from __future__ import annotations

import pytest
from answer_builders import earned, question, sheet_of
from hypothesis import assume, given
from hypothesis import strategies as st

from grader.answers import Sheet
from grader.assignment import load
from grader.errors import SpecError, SubmissionError
from grader.scoring.model import TestStatus

TAGS = [f"tag {number}" for number in range(16)]
tags = st.sets(st.sampled_from(TAGS))
costs = st.integers(0, 20).map(lambda hundredths: hundredths / 100)
words = st.sampled_from(["", " ", "because", "weil", "- ", "?!"])
POOLS = {"max": "max pooling", "avg": "Average pooling"}


# ---------------------------------------------------------------- choice


@pytest.mark.parametrize("text", ["avg", " AVG ", "average  pooling", "Average\tPooling"])
def test_an_option_by_its_key_or_label(text):
    assert earned(question("choice", options=POOLS), text, "avg") == 1
    assert earned(question("choice", options=POOLS), text, "max") == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [("maxx", "did you mean `max`"), ("both", "The options are `max`, `avg`."), ("", "not an option")],
)
def test_what_is_no_option(text, words):
    with pytest.raises(SubmissionError, match=words):
        question("choice", options=POOLS).read(text)


@pytest.mark.parametrize("given_value", [True, "true", "True"])
def test_true_and_false_are_options_too(given_value):
    assert earned(question("choice", options=["true", "false"]), given_value, True) == 1


@pytest.mark.parametrize("options", [["a", "A"], ["one"], {"a": "x", "b": "X"}, {"a": "b", "b": "c"}])
def test_options_that_cannot_be_told_apart_are_the_authors_mistake(options):
    with pytest.raises(SpecError, match="options"):
        question("choice", options=options)


# ---------------------------------------------------------------- marks


def by_hand(asked, marks, right):
    """The scoring once more, tag by tag, in hundredths of a point."""
    hundredths = 0 if asked.each is not None else round(asked.points * 100)
    for tag in TAGS:
        if tag in right and tag in marks and asked.each is not None:
            hundredths += round(asked.each * 100)
        if tag in right and tag not in marks:
            hundredths -= round(asked.minus_missing * 100)
        if tag not in right and tag in marks:
            hundredths -= round(asked.minus_extra * 100)
        if tag in marks and not any(letter.isalnum() for letter in marks[tag]):
            hundredths -= round(asked.minus_unexplained * 100)
    return max(hundredths, 0) / 100


@given(tags, st.dictionaries(st.sampled_from(TAGS), words), costs, costs, costs, st.booleans())
def test_marks_earn_what_they_earn_by_hand(right, marks, missing, extra, unexplained, each):
    assume(right and marks)
    asked = question(
        "marks",
        options=TAGS,
        points=len(right) * 0.5 if each else 3,
        each=0.5 if each else None,
        minus_missing=missing,
        minus_extra=extra,
        minus_unexplained=unexplained,
    )
    score = earned(asked, marks, dict.fromkeys(right, "so it is"))
    assert score == pytest.approx(by_hand(asked, marks, right), abs=1e-9)
    assert 0 <= score <= asked.points


def test_marks_may_be_written_in_many_ways():
    asked = question("marks", options=["cnn", "rnn", "a: b"], minus_unexplained=0.1)
    expected = {"cnn": "it slides", "a: b": ""}
    for text in (
        ["cnn: it slides", "a: b"],
        ["CNN:it slides", " A: B "],
        "cnn: it slides\na: b\n",
        "cnn: it slides; a: b",
        {"cnn": "it slides", "a: b": True, "rnn": False},
        {"cnn": "it slides", "a: b": ""},
        ["cnn", "cnn: it slides", "a: b"],
    ):
        assert asked.read(text) == expected
    assert asked.read("cnn, rnn") == {"cnn": "", "rnn": ""}


def test_the_scoring_of_the_brief():
    """0.5 for a paper, less 0.1 for each missing or extra mark, and 0.05 for each without explanation."""
    asked = question(
        "marks", points=0.5, options=TAGS, minus_missing=0.1, minus_extra=0.1, minus_unexplained=0.05
    )
    right = dict.fromkeys(TAGS[:3], "why")
    assert earned(asked, right, right) == 0.5
    assert earned(asked, {**right, TAGS[2]: ""}, right) == 0.45
    assert earned(asked, dict(list(right.items())[:2]), right) == 0.4
    assert earned(asked, {**right, TAGS[9]: "why"}, right) == 0.4
    assert earned(asked, dict.fromkeys(TAGS, "why"), right) == 0
    assert earned(asked, [], right) == 0


def test_hints_of_marks_count_and_name_none():
    asked = question("marks", options=TAGS, minus_missing=0.1, minus_extra=0.1, minus_unexplained=0.1)
    result = sheet_of(asked, {"tag 1": "x", "tag 2": "y"}).mark({"q": ["tag 1", "tag 5"]}).results[0]
    assert result.hints == ("1 mark is missing.", "1 mark is wrong.", "2 marks have no explanation.")


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        (["tag 99"], "did you mean"),
        (3, "list of options"),
        ({"tag 1": [1]}, "one value"),
        ([["tag 1"]], "one value"),
    ],
)
def test_what_are_no_marks(marks, words):
    with pytest.raises(SubmissionError, match=words):
        question("marks", options=TAGS).read(marks)


# ---------------------------------------------------------------- declarations and texts

DECLARATION = {"options": ["mine", "copied"], "costly": ["copied"], "penalty": 1000, "message": "You copied."}


@pytest.mark.parametrize(
    ("answer", "costs"), [("mine", 0), ("Copied", 1000), ("", 0), ("perhaps", 0), (7, 0)]
)
def test_only_a_costly_option_costs(answer, costs):
    marked = sheet_of(question("honesty", **DECLARATION), "mine").mark({"q": answer}, {"q": (4, 'q = "x"')})
    assert sum(rule.points for rule in marked.rules) == costs
    assert marked.results[0].max_score == 0
    if costs:
        rule = marked.rules[0]
        assert (rule.id, rule.file, rule.line, rule.message) == ("q", "answers.toml", 4, "You copied.")


@pytest.mark.parametrize("answer", ["", "perhaps", [], {"a": 1}])
def test_no_declaration_may_cost_too(answer):
    asked = question("honesty", **DECLARATION, missing_penalty=5)
    (rule,) = sheet_of(asked, "mine").mark({"q": answer}).rules
    assert rule.points == 5
    assert "is not answered, or cannot be read" in rule.message  # nobody is told that they copied


def test_purdue_s_declaration_costs_where_it_admits_copying():
    """The brief names no price for one that is missing or cannot be read."""
    sheet = Sheet.load(load("purdue_hw1"))
    costs = {
        answer: [rule.points for rule in sheet.mark({"honesty": answer}).rules]
        for answer in ("copied", " Copied ", "", "alone, helped")
    }
    assert costs == {"copied": [1000], " Copied ": [1000], "": [], "alone, helped": []}


@pytest.mark.parametrize("answer", ["alone", " Helped ", "materials"])
def test_purdue_s_allowed_declarations_cost_nothing(answer):
    assert Sheet.load(load("purdue_hw1")).mark({"honesty": answer}).rules == ()


def test_a_declaration_names_its_own_options():
    with pytest.raises(SpecError, match="costly"):
        question("honesty", **{**DECLARATION, "costly": ["stolen"]})


def test_a_text_waits_for_its_reader():
    result = sheet_of(question("text", points=3), "model answer").mark({"q": "mine"}).results[0]
    assert (result.status, result.score, result.max_score) == (TestStatus.WAITING, 0, 0)
    assert "up to 3 points" in result.hints[0]
    assert "mine" in result.output
    long = sheet_of(question("text", most_characters=10), "short").mark({"q": "x" * 11}).results[0]
    assert long.status is TestStatus.FAILED
    assert "11 characters" in long.hints[0]
