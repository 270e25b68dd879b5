"""Series in a score: their caps, who sees them, and scores from before there were any."""

import json

import pytest
from pydantic import ValidationError
from score_builders import make_score, make_test

from grader.scoring.merge import merge
from grader.scoring.model import MAX_POINTS, MAX_SERIES, Score, Series
from grader.scoring.views import student_view

LOSS = Series(title="Loss", x_label="epoch", x=(0, 1, 2), y=(2.5, None, 0.5))


@pytest.mark.parametrize("visibility", ["visible", "hidden"])
def test_students_see_their_curves_of_hidden_tests_too(visibility):
    score = make_score(make_test(visibility=visibility, output="expected 3", series=(LOSS,)))
    assert student_view(score).tests[0].series == (LOSS,)


@pytest.mark.parametrize("visibility", ["after_due_date", "after_published"])
def test_a_withheld_test_withholds_them(visibility):
    score = make_score(make_test(visibility=visibility, series=(LOSS,)))
    assert "Loss" not in student_view(score).to_json()
    assert student_view(score, after_due_date=True, published=True).tests[0].series == (LOSS,)


@pytest.mark.parametrize("visibility", ["visible", "hidden"])
@pytest.mark.parametrize("status", ["infrastructure", "spec_error"])
def test_without_a_verdict_they_are_for_staff(status, visibility):
    score = make_score(make_test(status=status, visibility=visibility, output="why", series=(LOSS,)))
    assert student_view(score).tests[0].series == ()
    assert student_view(score).tests[0].output == ""


def test_they_survive_json_and_the_merging_of_stages():
    quick, slow = make_score(make_test("a")), make_score(make_test("b", series=(LOSS,), slow=True))
    merged = merge(quick, slow)
    assert Score.model_validate_json(merged.to_json()) == merged
    assert json.loads(merged.to_json())["tests"][1]["series"] == [
        {"title": "Loss", "x_label": "epoch", "y_label": "", "x": [0.0, 1.0, 2.0], "y": [2.5, None, 0.5]}
    ]


def test_a_score_from_before_is_read():
    data = json.loads(make_score(make_test()).to_json())
    del data["tests"][0]["series"]
    assert Score.model_validate(data).tests[0].series == ()


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ((1,), (1, 2)),
        (range(MAX_POINTS + 1), range(MAX_POINTS + 1)),
        ((float("nan"),), (1,)),
        ((1,), (float("inf"),)),
        ((None,), (1,)),
        (("a",), (1,)),
    ],
)
def test_bad_points_are_refused(x, y):
    with pytest.raises(ValidationError):
        Series(title="t", x=tuple(x), y=tuple(y))


def test_there_is_a_most_of_them():
    make_test(series=(LOSS,) * MAX_SERIES)
    with pytest.raises(ValidationError):
        make_test(series=(LOSS,) * (MAX_SERIES + 1))


def test_titles_are_cleaned():
    assert Series(title="a\x1b[31m\nb\ud800", x=(), y=()).title == "a b\ufffd"
