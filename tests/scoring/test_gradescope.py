import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from score_builders import make_score, make_test

from grader.errors import InfrastructureError, SpecError, UsageError
from grader.scoring.gradescope import results
from grader.scoring.model import RuleResult
from grader.scoring.views import student_view


def test_the_whole_file():
    score = make_score(
        make_test("a", part="rnn", max_score=2, visibility="visible", stdout="hello"),
        make_test("b", "failed", part="conv", hints=("wrong",), output="got 3", visibility="visible"),
        make_test("c", "error", part="conv", hints=("ValueError: x",), visibility="hidden", stdout="secret"),
        notes=("Line 3 was skipped.",),
        rules=(RuleResult(id="r", file="a.py", line=3, text="import os", message="No os.", points=0.5),),
    )
    data = json.loads(json.dumps(results(score)))
    assert (data["score"], data["execution_time"], data["stdout_visibility"]) == (1.5, 1.5, "hidden")
    assert data["output"] == "Line 3 was skipped.\na.py:3: No os. (-0.5)\n    import os"
    assert [
        (t["number"], t["name"], t["status"], t["score"], t["max_score"], t["tags"]) for t in data["tests"]
    ] == [
        ("1.1", "Checks b.", "failed", 0, 1, ["conv"]),
        ("1.2", "Checks c.", "failed", 0, 1, ["conv"]),
        ("2.1", "Checks a.", "passed", 2, 2, ["rnn"]),
    ]
    assert data["tests"][0]["output"] == "wrong\ngot 3"
    assert data["tests"][1]["output"] == "Your code raised an exception.\n\nValueError: x"
    assert data["tests"][2]["output"] == "Printed:\nhello"


def test_hidden_tests_show_hints_but_no_values():
    test = make_test(status="failed", output="expected 3.14", hints=("too large",), visibility="hidden")
    (exported,) = results(make_score(test))["tests"]
    assert (exported["visibility"], exported["output"]) == ("visible", "too large")


@pytest.mark.parametrize("later", ["after_due_date", "after_published"])
def test_later_visibilities_are_gradescopes_own(later):
    (exported,) = results(make_score(make_test(visibility=later, output="all of it")))["tests"]
    assert (exported["visibility"], exported["output"]) == (later, "all of it")


@pytest.mark.parametrize(
    ("status", "error"), [("infrastructure", InfrastructureError), ("spec_error", SpecError)]
)
def test_a_grading_without_verdict_is_not_exported(status, error):
    with pytest.raises(error, match="test_a"):
        results(make_score(make_test(status=status)))


def test_a_students_view_is_not_exported():
    with pytest.raises(UsageError):
        results(student_view(make_score(make_test(visibility="after_published"))))


def test_plain_text_is_left_as_it_is():
    (exported,) = results(make_score(make_test(output="<b>*x*</b>", visibility="visible")))["tests"]
    assert (exported["output"], exported["output_format"]) == ("<b>*x*</b>", "text")


markdown = st.text(st.sampled_from("`~#<>*[]()!_\\ \nab&-="), max_size=60)


@given(markdown)
def test_markdown_is_one_code_block_whatever_the_text(text):
    (exported,) = results(make_score(make_test(output=text, visibility="visible")), "md")["tests"]
    tokens = MarkdownIt().parse(exported["output"])
    if text:
        assert [token.type for token in tokens] == ["fence"]
        assert tokens[0].content == text + "\n"
