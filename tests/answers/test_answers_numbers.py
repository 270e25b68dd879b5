"""Numbers and shapes as people write them."""

from decimal import Decimal
from fractions import Fraction

import pytest
from answer_builders import earned, question, sheet_of
from hypothesis import given
from hypothesis import strategies as st

from grader.answers.reading import decimal
from grader.errors import SubmissionError

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
integers = st.integers(-(10**30), 10**30)
decimals = st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=6)


def spellings(number: int) -> list[str]:
    """The same whole number in many hands."""
    grouped = f"{number:,}"
    return [
        *(str(number), f" {number} ", f"{number}.", f"{number}.0", f"{number}e0", f"{number}.00E+0"),
        *(grouped.replace(",", sign) for sign in (" ", "'", "_", "\u00a0", "\u202f")),
        str(number).translate(WIDE),
        str(number).replace("-", "\u2212"),
        *([grouped] if grouped.count(",") != 1 else []),
        f"{grouped}.0",
    ]


@given(integers)
def test_whole_numbers_in_every_spelling(number):
    asked = question("integer")
    assert {asked.read(text) for text in spellings(number)} == {number}
    assert asked.read(number) == number


@given(decimals)
def test_decimals_in_every_spelling(number):
    sign, text = "-" if number < 0 else "", f"{abs(number):f}"
    whole, _, rest = text.partition(".")
    comma = f"{sign}{whole},{rest}"
    expected = Fraction(number)
    for spelling in (sign + text, f"{number:E}", f"+{text}" if not sign else sign + text, comma):
        assert Fraction(decimal(spelling)) == expected
    assert Fraction(decimal(f"{sign}{int(whole):,}.{rest}")) == expected


@pytest.mark.parametrize("text", ["1,234", "-12,345", "999,000"])
def test_a_number_that_can_be_read_in_two_ways_is_not_guessed(text):
    with pytest.raises(SubmissionError) as error:
        decimal(text)
    assert text.replace(",", "") in str(error.value)
    assert text.replace(",", ".") in str(error.value)


@pytest.mark.parametrize("text", ["0,5", "12,75", "0,125", "1,2345", "-3,1"])
def test_a_decimal_comma(text):
    assert decimal(text) == Decimal(text.replace(",", "."))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one",
        "1.2.3",
        "1 2",
        "1e",
        "e5",
        "--1",
        "0x10",
        "1+1",
        "nan",
        "inf",
        "-Infinity",
        "12٣",
        "10²",
        "½",
        "1,2,3",
    ],
)
def test_what_is_no_number_is_said_to_be_none(text):
    with pytest.raises(SubmissionError, match="not a number"):
        decimal(text)


@given(st.one_of(st.text(max_size=60), st.integers(), st.floats(), st.booleans(), st.lists(st.integers())))
def test_anything_is_a_number_or_refused(value):
    try:
        number = decimal(value)
    except SubmissionError as error:
        assert 0 < len(str(error)) < 300  # noqa: PT017 - some values are numbers
    else:
        assert number.is_finite()


# ---------------------------------------------------------------- tolerance and units


@given(st.fractions(-1000, 1000, max_denominator=1000), st.integers(0, 30), st.integers(0, 30))
def test_tolerance_is_the_larger_of_absolute_and_relative(right, per_mille, hundredths):
    asked = question("number", relative=per_mille / 1000, absolute=hundredths / 100)
    right_text = f"{right.numerator}/{right.denominator}"
    allowed = max(Fraction(hundredths, 100), Fraction(per_mille, 1000) * abs(right))
    for shift in (0, allowed, -allowed, allowed * Fraction(101, 100) + Fraction(1, 10**6)):
        given_number = right + shift
        text = f"{given_number.numerator}/{given_number.denominator}"
        within = abs(shift) <= allowed
        if abs(shift) == allowed and shift:
            continue  # the last digit of a division decides: no promise
        assert earned(asked, text, right_text) == within


@pytest.mark.parametrize(
    "text", ["232.657192", "232.657 MB", "232.66mb", "232657192 B", "232,657,192 bytes", "0.232657 GB"]
)
def test_units(text):
    asked = question("number", unit="MB", units={"B": 1e-6, "bytes": 1e-6, "GB": 1000})
    assert earned(asked, text, 232.657192) == 1


@pytest.mark.parametrize(
    ("fields", "text", "words"),
    [
        ({"unit": "MB"}, "5 parsecs", "`parsecs` is not a unit"),
        ({}, "5 MB", "alone"),
        ({"unit": "MB", "unit_required": True}, "5", "The unit is missing"),
        ({"unit": "MB", "unit_required": True}, 5, "5 MB"),
        ({}, "1/0", "divides by zero"),
        ({}, True, "not true or false"),
        ({}, [1], "not a list"),
        ({}, "9" * 51, "more than 50 digits"),
        ({}, 10**60, "more than 50 digits"),
        ({}, "1e401", "too large or too small"),
        ({}, "1e-401", "too large or too small"),
        ({}, "1" * 501, "501 characters"),
    ],
)
def test_what_is_said_of_a_number_that_cannot_be_read(fields, text, words):
    with pytest.raises(SubmissionError, match=words):
        question("number", **fields).read(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.3", "wrong"),
        ("232.7", "more digits"),
        ("232657192", "is it in MB"),
        ("-232.657192", "wrong"),
        ("0", "wrong"),
    ],
)
def test_hints_of_a_number(text, words):
    sheet = sheet_of(question("number", unit="MB", relative=1e-5), 232.657192)
    result = sheet.mark({"q": text}).results[0]
    assert words in result.hints[0]
    assert "232.65" not in result.hints[0]


def test_a_whole_number_is_asked_for():
    with pytest.raises(SubmissionError, match="not a whole number"):
        question("integer").read("100.5")


# ---------------------------------------------------------------- shapes

shapes = st.lists(st.integers(0, 10**9), min_size=1, max_size=8)


@given(shapes)
def test_shapes_in_every_spelling(sizes):
    asked = question("shape")
    texts = [sign.join(map(str, sizes)) for sign in ("x", " x ", "X", "×", "*", ",", ", ", "  ", "; ")]
    texts += [
        str(tuple(sizes)),
        str(sizes),
        f"torch.Size({sizes})",
        f"({', '.join(map(str, sizes))})",
        f"[{texts[0]}]",
    ]
    assert {asked.read(text) for text in (*texts, sizes, list(map(str, sizes)))} == {tuple(sizes)}


@pytest.mark.parametrize(
    "text", ["28x28xten", "28x-1", "28x", "x28", "(1, 2), (3, 4)", "28x2.5", "2e99", "", "((1))("]
)
def test_what_is_no_shape(text):
    with pytest.raises(SubmissionError):
        question("shape").read(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("28x28", "2 axes, which is not the right number"),
        ("10x28x28", "not their order"),
        ("28x28x9", "axis 2"),
        ("27x28x9", "axes 0 and 2"),
        ("1x1x1", "Every axis"),
    ],
)
def test_hints_of_a_shape_name_axes_and_no_sizes(text, words):
    result = sheet_of(question("shape"), [28, 28, 10]).mark({"q": text}).results[0]
    assert result.score == 0
    assert words in result.hints[0]
    assert "10" not in result.hints[0]
