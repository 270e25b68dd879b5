"""Curves for the score: whatever a student's code returns, something harmless is kept."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.scoring.model import MAX_POINTS, MAX_SERIES, TestResult
from grader.spec.series import Curves

NUMBERS = st.one_of(
    st.floats(), st.integers(), st.integers(10**300, 10**400), st.booleans(), st.none(), st.text(max_size=3),
    st.complex_numbers(), st.binary(max_size=3), st.lists(st.floats(), max_size=2),
    st.floats(width=32).map(torch.tensor), st.floats(width=32).map(np.float32),
)  # fmt: skip
VALUES = st.one_of(
    NUMBERS,
    st.lists(NUMBERS, max_size=30),
    st.lists(NUMBERS, max_size=30).map(tuple),
    st.dictionaries(st.text(), NUMBERS, max_size=3),
    st.lists(st.floats(width=32), max_size=9).map(torch.tensor),
    st.lists(st.floats(), max_size=9).map(np.array),
    st.lists(st.text(), max_size=3).map(np.array),
)


def kept(values, **more):
    curves = Curves()
    curves.add("Loss", values, **more)
    return curves.series[0] if curves.series else None


def test_a_list_of_losses_is_a_series():
    curves = Curves()
    curves.add("Training loss", [2.5, 1, 0.5], y_label="loss")
    (series,) = curves.series
    assert (series.title, series.x_label, series.y_label) == ("Training loss", "epoch", "loss")
    assert series.x == (0, 1, 2)
    assert series.y == (2.5, 1, 0.5)


@pytest.mark.parametrize(
    "values",
    [
        (3, 0.25),
        [torch.tensor(3), torch.tensor([0.25], requires_grad=True)],
        torch.tensor([3, 0.25], dtype=torch.bfloat16, requires_grad=True),
        torch.tensor([[3.0], [0.25]]),
        np.array([3, 0.25], dtype=np.float16),
        [np.int64(3), np.float32(0.25)],
    ],
)
def test_numbers_of_every_kind_are_taken(values):
    assert kept(values).y == (3, 0.25)


def test_what_is_no_finite_number_is_a_gap():
    values = [1, math.nan, math.inf, "2", None, 10**400, 1j, [1, 2], torch.zeros(2), True, object(), 5]
    assert kept(values).y == (1, None, None, None, None, None, None, None, None, 1, None, 5)


@pytest.mark.parametrize(
    "values",
    [
        None, 5, "12", {"a": 1}, {1, 2}, [], [None, math.nan], object(), torch.zeros(0), np.array(["1"]),
        torch.zeros(3, dtype=torch.complex64), torch.zeros(2, 2).to_sparse(), torch.empty(3, device="meta"),
        iter([1, 2]),
    ],
)  # fmt: skip
def test_what_is_no_curve_is_left_out(values):
    assert kept(values) is None


def test_x_is_given_and_points_without_one_are_left_out():
    series = kept([5, 6, 7, 8], x=[10, math.nan, "x", 40.5], x_label="images")
    assert (series.x, series.y) == ((10, 40.5), (5, 8))
    assert series.x_label == "images"


@pytest.mark.parametrize(("values", "x"), [([1, 2, 3], [5, 6]), ([1, 2], [5, 6, 7])])
def test_the_shorter_of_values_and_x_counts(values, x):
    series = kept(values, x=x)
    assert (series.x, series.y) == ((5, 6), (1, 2))


def test_a_long_curve_is_thinned_evenly_and_keeps_its_ends():
    series = kept(torch.arange(123_457, dtype=torch.float64))
    assert len(series.x) == len(series.y) == MAX_POINTS
    assert series.x == series.y
    assert (series.x[0], series.x[-1]) == (0, 123_456)
    steps = np.diff(series.x)
    assert steps.min() >= 123
    assert steps.max() <= 124


def test_a_title_is_kept_once_and_there_is_a_most_of_them():
    curves = Curves()
    for number in range(MAX_SERIES + 5):
        curves.add(f"Curve {number}", [number])
    curves.add("Curve 3", [33])
    curves.add("Curve 4", None)  # takes nothing away
    assert len(curves.series) == MAX_SERIES
    assert [series.y[0] for series in curves.series[:5]] == [0, 1, 2, 33, 4]


@given(VALUES, st.one_of(st.none(), VALUES))
@settings(max_examples=150, deadline=None)
def test_any_values_make_a_valid_series_or_none(values, x):
    series = kept(values, x=x)
    if series is not None:
        result = TestResult(id="a", name="b", status="passed", series=(series,))
        again = TestResult.model_validate_json(result.model_dump_json())
        assert again == result
        assert all(math.isfinite(at) for at in series.x)
        assert all(y is None or math.isfinite(y) for y in series.y)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_no_float32_loses_digits(values):
    assert [np.float32(y) for y in kept(torch.tensor(values)).y] == values
