import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from grader.spec.explain import explain, find


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def diagnosis(actual, expected, **options):
    findings = find(actual, expected, **options)
    return findings[0].difference.diagnosis if findings else None


def first_line(actual, expected):
    return explain(actual, expected)[0]


X = noise(6, 8)
SQUARE = noise(5, 5, seed=1)
IMAGES = noise(4, 3, 8, 8, seed=2)
PROBABILITIES = F.softmax(noise(6, 10, seed=3), dim=1)
NEVER = "values"  # no diagnosis


class TestKinds:
    @pytest.mark.parametrize(
        ("actual", "expected", "line"),
        [
            (None, X, "Got None where a tensor of shape (6, 8) is expected: is a `return` missing?"),
            ("x", 3, "Got a string where a number is expected."),
            ([1], X, "Got a list of 1 item where a tensor of shape (6, 8) is expected."),
            (X, [X], "Got a tensor of shape (6, 8) where a list of 1 item is expected."),
            (X, None, "Got a tensor of shape (6, 8) where None is expected."),
            (object(), True, "Got an object of type object where a bool is expected."),
            ((X,), (X, X), "Got a tuple of 1 item where 2 are expected."),
            ({"a": 1}, {"a": 1, "b": 2}, "Missing: 'b'."),
            ({"a": 1, 7: 2}, {"a": 1}, "Unexpected: 7."),
        ],
    )
    def test_the_wrong_kind_is_named(self, actual, expected, line):
        assert explain(actual, expected) == (line,)

    def test_the_place_in_a_container_is_told(self):
        lines = explain({"a": [1, X + 1]}, {"a": [1, X]})
        assert all(line.startswith("In item ['a'][1]: ") for line in lines)

    def test_many_wrong_items_are_counted(self):
        lines = explain([1] * 7, [0.5] * 7)
        assert lines[-1] == "And 5 more items are wrong."
        assert explain([1] * 10**4, [0.5] * 10**4)[-1] == "And at least 18 more items are wrong."

    def test_keys_of_the_student_are_harmless(self):
        (line,) = explain({"\x1b[2J" + "x" * 1000: 1}, {})
        assert line.isprintable()
        assert len(line) < 100


class TestShapes:
    @pytest.mark.parametrize(
        ("actual", "expected", "hint"),
        [
            ((4, 3), (3, 4), "transposed?"),
            ((2, 4, 3), (2, 3, 4), "in another order (permute)?"),
            ((1, 3, 4), (3, 4), "axis 0 of size 1 is too many (squeeze)?"),
            ((3,), (3, 1), "axis 1 of size 1 is missing (unsqueeze)?"),
            ((1,), (), "axis 0 of size 1 is too many (squeeze)?"),
            ((8, 8), (8,), "(8, 1) and (8,) were broadcast against each other?"),
            ((8, 8), (8, 1), "(8, 1) and (8,) were broadcast against each other?"),
            ((8, 9), (8,), "axis 1 of size 9 is still there: not reduced?"),
            ((5, 9), (5, 10), "one column too few along axis 1?"),
            ((6, 10), (5, 10), "one row too many along axis 0?"),
            ((4,), (5,), "one value too few along axis 0?"),
            ((2, 3, 5), (2, 3, 6), "one index too few along axis 2?"),
            ((5, 7), (5, 10), "axis 1 has size 7 instead of 10."),
            ((), (5,), "summed or averaged over too many axes?"),
            ((5,), (), "is a sum or mean over all values missing?"),
            ((5, 4), (5, 3, 4), "axis 1 of size 3 is missing: indexed or reduced?"),
            ((2, 48), (2, 3, 4, 4), "as many values, otherwise arranged: is a reshape or flatten missing?"),
        ],
    )
    def test_hint(self, actual, expected, hint):
        assert first_line(torch.zeros(actual), torch.zeros(expected)).endswith(hint)

    def test_no_hint_without_a_likely_cause(self):
        assert (
            first_line(torch.zeros(2, 3), torch.zeros(5, 7))
            == "Got shape (2, 3) where shape (5, 7) is expected."
        )

    @given(
        nps.array_shapes(max_dims=5, min_dims=0, min_side=0),
        nps.array_shapes(max_dims=5, min_dims=0, min_side=0),
    )
    def test_any_two_shapes(self, actual, expected):
        lines = explain(np.zeros(actual), np.zeros(expected))
        assert len(lines) == (actual != expected)


def changed(tensor, index, value=5.0):
    """A copy with `value` added at `index`."""
    copy = tensor.clone()
    copy[index] += value
    return copy


def border_only(width):
    inner = torch.zeros(8, 8, dtype=torch.bool)
    inner[width:-width, width:-width] = True
    return torch.where(inner, IMAGES, IMAGES + noise(8, 8, seed=9))


# id of the diagnosis: what must get it, what comes near but must not
DIAGNOSES = {
    "all_zero": [(0 * X, X), (changed(0 * X, (0, 0), 0.3), X)],
    "all_equal": [(0 * X + 2, X), (changed(0 * X + 2, (0, 0), 0.3), X)],
    "sign": [(-X, X), (changed(-X, (0, 0)), X)],
    "inverted": [(X > 0, X <= 0), (changed(X > 0, (0, 0), True), X > 0.5)],
    "factor": [(32 * X, X), (changed(32 * X, (0, 0)), X)],
    "offset": [(X + 0.5, X), (changed(X + 0.5, (0, 0)), X)],
    "softmax_missing": [(noise(6, 10, seed=3), PROBABILITIES), (noise(6, 10, seed=3) * 1.1, PROBABILITIES)],
    "softmax_twice": [
        (F.softmax(PROBABILITIES, dim=1), PROBABILITIES),
        (F.softmax(PROBABILITIES * 1.5, dim=1), PROBABILITIES),
    ],
    "log_softmax_missing": [(X, F.log_softmax(X, 1)), (X * 1.1, F.log_softmax(X, 1))],
    "missing_relu": [(X, F.relu(X)), (changed(X, (0, 0)), F.relu(X))],
    "missing_sqrt": [(X.square(), X.abs()), (changed(X.square(), (0, 0)), X.abs())],
    "missing_square": [(X.abs(), X.square()), (changed(X.abs(), (0, 0)), X.square())],
    "missing_exp": [(X, X.exp()), (changed(X, (0, 0)), X.exp())],
    "missing_log": [(X.exp(), X), (changed(X.exp(), (0, 0)), X)],
    "missing_sigmoid": [(X, X.sigmoid()), (X * 1.1, X.sigmoid())],
    "missing_tanh": [(X, X.tanh()), (X * 1.1, X.tanh())],
    "missing_reciprocal": [(1 / X, X), (changed(1 / X, (0, 0)), X)],
    "missing_abs": [(X, X.abs()), (changed(X, (0, 0)), X.abs())],
    "integers": [((X * 3).long(), X * 3), ((X * 3).long(), (X * 3).floor() + 100)],
    "transposed": [(SQUARE.T, SQUARE), (changed(SQUARE.T, (0, 0)), SQUARE)],
    "flipped": [(X.flip(1), X), (changed(X.flip(1), (0, 0)), X)],
    "reshaped": [(X.T.reshape(6, 8), X), (changed(X.T.reshape(6, 8), (0, 0)), X)],
    "shifted": [(X.roll(1, 0), X), (changed(X.roll(1, 0), (3, 0)), X)],
    "reordered": [(X[torch.tensor([2, 0, 1, 5, 3, 4])], X), (changed(X[[2, 0, 1, 5, 3, 4]], (0, 0)), X)],
    "row_sums": [
        (PROBABILITIES + noise(6, 10, seed=4).abs(), PROBABILITIES),
        (0.1 + 0 * X, F.one_hot(X.argmax(1), 8)),
    ],
    "border": [(border_only(1), IMAGES), (changed(border_only(1), (0, 0, 4, 4)), IMAGES)],
    "some_only": [(changed(X, 2, noise(8, seed=5)), X), (changed(X, (2, 3)), X)],
    "precision": [(X * (1 + 1e-3 * noise(6, 8, seed=6)), X), (X * (1 + 0.1 * noise(6, 8, seed=6)), X)],
}


class TestDiagnoses:
    @pytest.mark.parametrize("name", DIAGNOSES)
    def test_a_known_mistake_is_named(self, name):
        actual, expected = DIAGNOSES[name][0]
        assert diagnosis(actual, expected) == name
        assert diagnosis(actual.numpy(), expected.numpy()) == name

    @pytest.mark.parametrize("name", DIAGNOSES)
    def test_a_near_miss_is_not(self, name):
        actual, expected = DIAGNOSES[name][1]
        assert explain(actual, expected)
        assert diagnosis(actual, expected) != name

    @pytest.mark.parametrize(
        ("factor", "text"),
        [
            (32, "about 32 times too large: a sum where a mean is asked?"),
            (1 / 64, "about 64 times too small: a mean where a sum is asked?"),
            (2, "about 2 times too large: counted twice, or is a factor 1/2 missing?"),
            (0.123456, "about 8.1 times too small."),
            (-3, "about -3 times what is expected."),
            (10 / 9, "does the variance divide by n - 1 where n is asked (n = 10)?"),
            (9 / 10, "does the variance divide by n where n - 1 is asked (n = 10)?"),
            ((10 / 9) ** 0.5, "does the standard deviation divide by n - 1 where n is asked (n = 10)?"),
            (1 / np.log(2), "log2 where the natural logarithm is asked?"),
            (255, "pixel values from 0 to 255 where 0 to 1 is asked?"),
        ],
    )
    def test_a_factor_is_traced_to_its_cause(self, factor, text):
        assert first_line(factor * X, X).endswith(text)

    def test_the_loss_of_a_batch(self):
        """One number: the most common mistake of all is still recognised."""
        logits, labels = noise(32, 10), torch.arange(32) % 10
        total, mean = (F.cross_entropy(logits, labels, reduction=how) for how in ("sum", "mean"))
        assert (
            first_line(total, mean) == "The value is about 32 times too large: a sum where a mean is asked?"
        )

    def test_one_number_is_no_evidence_for_just_any_factor(self):
        assert diagnosis(3.7, 1.9) == NEVER
        assert diagnosis(torch.full((5,), 3.7), torch.full((5,), 1.9)) == NEVER

    @pytest.mark.parametrize(
        ("wrong", "text"),
        [
            (slice(1, None), "Only row 0 is right: are the others left out, or is a loop left early?"),
            (slice(None, 5), "Only row 5 (the last) is right: is the result overwritten in a loop?"),
            (slice(0, 1), "Only row 0 is wrong: an off-by-one?"),
            (slice(5, None), "Only row 5 (the last) is wrong: an off-by-one?"),
            ([1, 4], "Only rows 1 and 4 are wrong."),
            ([0, 2, 3, 5], "Only rows 1 and 4 are right."),
            ((slice(None), [2, 3, 6]), "Only columns 2, 3 and 6 are wrong."),
            ((slice(None), slice(4, None)), "Right up to column 3, wrong from there on."),
        ],
    )
    def test_the_wrong_rows_and_columns_are_named(self, wrong, text):
        assert first_line(changed(X, wrong, noise(6, 8, seed=5)[wrong]), X) == text

    def test_axes_have_their_names(self):
        wrong = IMAGES.clone()
        wrong[:, 1] += noise(4, 8, 8)
        assert first_line(wrong, IMAGES) == "Only channel 1 is wrong."
        wrong = IMAGES.clone()
        wrong[1:] += noise(3, 3, 8, 8)
        assert first_line(wrong, IMAGES).startswith("Only batch item 0 is right")

    @pytest.mark.parametrize(
        ("index", "end"), [(0, "Only position 0 is"), (9, "Only position 9 (the last) is")]
    )
    def test_the_ends_of_a_vector(self, index, end):
        assert first_line(changed(noise(10), index), noise(10)).startswith(end)

    @pytest.mark.parametrize("width", [1, 2, 3])
    def test_the_border_may_be_wide(self, width):
        assert f"({width} wide)" in first_line(border_only(width), IMAGES)

    def test_a_flipped_kernel(self):
        image, kernel = noise(1, 1, 5, 5), noise(1, 1, 3, 3, seed=1)
        expected = F.conv_transpose2d(kernel, torch.ones(1, 1, 1, 1))
        assert "kernel flipped" in first_line(expected.flip(2, 3), expected)
        assert diagnosis(F.conv2d(image, kernel.flip(2, 3)), F.conv2d(image, kernel)) == NEVER

    def test_padding_of_another_kind(self):
        kernel = noise(1, 3, 3, 3)
        zeros, ones = (F.conv2d(F.pad(IMAGES, (1, 1, 1, 1), value=value), kernel) for value in (0, 1))
        assert diagnosis(ones, zeros) == "border"

    def test_softmax_over_the_wrong_axis(self):
        assert first_line(F.softmax(SQUARE, 0), F.softmax(SQUARE, 1)) == (
            "The values along axis 1 should sum to 1, but do not: "
            "they do along axis 0, is that the wrong `dim`?"
        )

    @pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
    def test_half_precision_is_named(self, dtype):
        line = first_line(X.to(getattr(torch, dtype)), X)
        assert line == f"Right up to the precision of {dtype}: compute in float32."

    def test_bools_where_fractions_are_expected(self):
        assert first_line(X > 0, PROBABILITIES[:, :8]).startswith(
            "The values are True and False where fractions"
        )

    def test_late_and_early(self):
        assert first_line(X.roll(1, 1), X) == "The values are one place too late along axis 1."
        assert first_line(X.roll(-1, 0), X) == "The values are one place too early along axis 0."

    def test_swapped_axes_are_named(self):
        cube = noise(3, 3, 3)
        assert first_line(cube.transpose(0, 2), cube) == "Axes 0 and 2 are swapped."
        assert first_line(cube.permute(1, 2, 0), cube) == "The axes are in another order."

    def test_large_arrays_are_only_compared(self):
        large = torch.ones(1_000_001)
        assert diagnosis(2 * large, large) == NEVER


class TestNotFinite:
    def test_nan(self):
        line, extent = explain(changed(X, (2, 3), float("nan")), X)
        assert line.startswith("1 of 48 values is NaN, the first at [2, 3]: 0/0")
        assert extent == "1 of 48 values is wrong (2 %)."

    def test_infinity(self):
        assert first_line(X / 0.0, X).startswith(
            "All 48 values are infinite, the first at [0, 0]: a division by 0"
        )

    def test_where_it_is_expected_it_is_no_fault(self):
        masked = X.masked_fill(X > 0, -torch.inf)
        assert explain(masked, masked) == ()
        assert "infinite" not in " ".join(explain(changed(masked, (X < 0).nonzero()[0].unbind()), masked))


class TestNumbers:
    def test_extent(self):
        assert explain(changed(changed(X, (1, 1), 0.25), (4, 4), 0.5), X) == (
            "2 of 48 values are wrong (4 %).",
            "The largest error is about 0.5, at [4, 4].",
        )

    def test_up_to_three_places_are_shown(self):
        wrong = changed(X, ([0, 1, 2, 3], [0, 1, 2, 3]), torch.tensor([1.0, 2, 3, 4]))
        lines = explain(wrong, X, show_expected=True)[-3:]
        assert [line.split(":")[0] for line in lines] == ["At [3, 3]", "At [0, 0]", "At [1, 1]"]
        assert f"got {wrong[3, 3]:.6g}, expected {X[3, 3]:.6g}." in lines[0]

    def test_a_number(self):
        assert explain(3.7, 1.9, show_expected=True) == (
            "The value is wrong.",
            "Got 3.7, expected 1.9.",
        )
        assert explain(3.7, 1.9) == ("The value is wrong.",)

    def test_data_for_a_heat_map(self):
        difference = find(changed(X, (4, 4), 0.5), X)[0].difference
        assert difference.shape_actual == difference.shape_expected == (6, 8)
        assert difference.wrong_fraction == 1 / 48
        assert difference.max_abs_error == pytest.approx(0.5)
        assert difference.where == (4, 4)


class TestSecrecy:
    """Without show_expected no sentence holds an expected value, whatever the student hands in."""

    @pytest.mark.parametrize("name", DIAGNOSES)
    def test_no_diagnosis_tells_a_value(self, name):
        for actual, expected in DIAGNOSES[name]:
            assert not _leaks(explain(actual, expected), expected)

    @settings(max_examples=200)
    @given(
        expected=nps.arrays("float64", nps.array_shapes(max_dims=3), elements=st.floats(1234567, 9876543)),
        attack=st.sampled_from(["zeros", "ones", "noise", "scaled", "moved", "shape", "one", "nan", "none"]),
    )
    def test_no_attack_gets_a_value(self, expected, attack):
        one_wrong = expected.copy()
        one_wrong.flat[0] = 0
        actual = {
            "zeros": np.zeros_like(expected),
            "ones": np.ones_like(expected),
            "noise": expected * np.linspace(0.5, 2, expected.size).reshape(expected.shape),
            "scaled": expected * 3.21,
            "moved": expected + 1000,
            "shape": expected[None],
            "one": one_wrong,
            "nan": expected * np.nan,
            "none": None,
        }[attack]
        lines = explain(actual, expected)
        assert lines
        assert not _leaks(lines, expected)

    @given(nps.arrays("int64", (3, 4)), nps.arrays("int64", (3, 4)))
    def test_an_integer_is_not_told_by_its_error(self, actual, expected):
        assert "error" not in " ".join(explain(actual, expected))

    @given(
        st.lists(st.floats(1, 2), min_size=7, max_size=7), st.lists(st.floats(1, 2), min_size=7, max_size=7)
    )
    def test_few_values_are_not_told_by_their_error(self, actual, expected):
        assert "error" not in " ".join(explain(np.array(actual), np.array(expected)))

    @pytest.mark.parametrize("name", DIAGNOSES)
    def test_what_is_shown_goes_on_where_what_is_told_ends(self, name):
        for actual, expected in DIAGNOSES[name]:
            told, shown = (explain(actual, expected, show_expected=show) for show in (False, True))
            assert shown[: len(told)] == told
            assert "expected" in shown[-1]

    @pytest.mark.parametrize("index", range(10))
    def test_the_place_of_a_wrong_bool_is_not_told(self, index):
        expected = noise(10) > 0
        actual = expected.clone()
        actual[index] ^= True
        assert explain(actual, expected) == ("1 of 10 values is wrong (10 %).",)
        assert any(f"[{index}]" in line for line in explain(actual, expected, show_expected=True))

    def test_strings(self):
        assert explain("guess", "answer") == ("The string is wrong.",)
        assert explain("guess", "answer", show_expected=True) == ("Got 'guess', expected 'answer'.",)


def _leaks(lines, expected):
    """Whether a number with more than three significant digits is shown that starts an expected value."""
    numbers = [_digits(number) for line in lines for number in re.findall(r"[\d.]+", line)]
    told = [digits for digits in numbers if len(digits) > 3]
    known = [_digits(f"{abs(float(value)):.10f}") for value in np.asarray(expected).reshape(-1)]
    return any(value.startswith(digits) for digits in told for value in known)


def _digits(number):
    """The significant digits of a decimal number."""
    return number.replace(".", "").lstrip("0")


def test_the_leak_detector_works():
    assert _leaks(["got 1, expected -0.012345."], [-0.0123451])
    assert not _leaks(["the largest error is about 0.0034, at [2, 7]."], [0.0034])


@given(nps.arrays("float32", nps.array_shapes(min_dims=0, max_dims=3, min_side=0)))
def test_identical_values_need_no_explanation(array):
    assert explain(array, array.copy()) == ()
    assert explain([array, {"a": array}], [array, {"a": array}]) == ()


@pytest.mark.parametrize("shape", [(1,), (6,), (3, 4), (4, 4), (2, 3, 4), (2, 2, 3, 3), (2, 2, 2, 2, 2)])
@given(data=st.data())
def test_any_array_can_be_explained(shape, data):
    values = st.one_of(st.floats(width=32), st.sampled_from([0.0, 1.0, -1.0, 0.5]))
    actual, expected = (data.draw(nps.arrays("float32", shape, elements=values)) for _ in range(2))
    for shown in (False, True):
        assert all(
            line.isprintable() and len(line) < 200 for line in explain(actual, expected, show_expected=shown)
        )
