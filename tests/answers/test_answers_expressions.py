"""Expressions: parsing, evaluation and equivalence, against Python's own arithmetic on generated trees."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from answer_builders import earned, question, sheet_of
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.answers.evaluate import value
from grader.answers.formula import parse
from grader.answers.symbolic import difference_is_zero
from grader.errors import SpecError, SubmissionError

NAMES = ("W", "K", "P")
POINT = {"W": Fraction(7, 2), "K": Fraction(3), "P": Fraction(5, 4)}
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}


class Node:
    """A random expression: how it is written, and what it is worth by Fraction's arithmetic."""

    def __init__(self, text: str, worth: Fraction | None, binding: int) -> None:
        self.text, self.worth, self.binding = text, worth, binding

    def __repr__(self) -> str:
        return self.text


def combine(sign: str, one: Node, two: Node) -> Node:
    """`one sign two` with no more brackets than needed."""
    level = PRECEDENCE[sign]
    left = one.text if one.binding > level or (one.binding == level and sign != "^") else f"({one.text})"
    right = two.text if two.binding > level else f"({two.text})"
    return Node(f"{left} {sign} {right}", arithmetic(sign, one.worth, two.worth), level)


def arithmetic(sign: str, one: Fraction | None, two: Fraction | None) -> Fraction | None:
    if one is None or two is None or (sign == "/" and two == 0):
        return None
    return {"+": one + two, "-": one - two, "*": one * two, "/": one / two if two else None}[sign]


def power(one: Node, exponent: int) -> Node:
    base = one.text if one.binding > PRECEDENCE["^"] else f"({one.text})"
    is_defined = one.worth is not None and (one.worth != 0 or exponent >= 0)
    return Node(f"{base}^{exponent}", one.worth**exponent if is_defined else None, PRECEDENCE["^"])


leaves = st.one_of(
    st.sampled_from(NAMES).map(lambda name: Node(name, POINT[name], 9)),
    st.integers(0, 99).map(lambda number: Node(str(number), Fraction(number), 9)),
    st.integers(1, 9999).map(lambda number: Node(f"{number / 100:.2f}", Fraction(number, 100), 9)),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(combine, st.sampled_from("+-*/"), inner, inner),
        st.builds(power, inner, st.integers(-3, 3)),
        inner.map(
            lambda node: Node(
                f"-{node.text if node.binding > 2 else f'({node.text})'}",
                None if node.worth is None else -node.worth,
                3,
            )
        ),
    ),
    max_leaves=12,
)


def ours(text: str) -> Decimal | None:
    point = {name: Decimal(number.numerator) / number.denominator for name, number in POINT.items()}
    return value(parse(text, NAMES), point)


@given(trees)
def test_means_what_python_means(node):
    found = ours(node.text)
    if node.worth is None:
        assert found is None
        return
    assert found is not None, node.text
    assert abs(Fraction(found) - node.worth) <= abs(node.worth) / 10**25 + Fraction(1, 10**25)
    assert found == ours(node.text.replace("^", "**"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2^2", -4),
        ("2^3^2", 512),
        ("2^-1", 0.5),
        ("8/4/2", 1),
        ("8-4-2", 2),
        ("--3", 3),
        ("2*-3", -6),
        ("7//2", 3),
        ("-7//2", -4),
        ("floor(-0.5)", -1),
        ("ceil(2.1)", 3),
        ("3*(1/3) // 1", 1),
        ("max(1, 2, 3) - min(4, 5)", -1),
        ("abs(-3)", 3),
        ("sqrt(2)", math.sqrt(2)),
        ("exp(1) - e", 0),
        ("ln(10)", math.log(10)),
        ("log(10)", math.log(10)),
        ("log2(8)", 3),
        ("log10(0.001)", -3),
        ("sin(1)", math.sin(1)),
        ("sin(100)", math.sin(100)),
        ("cos(-20)", math.cos(20)),
        ("tanh(0.3)", math.tanh(0.3)),
        ("tanh(-5000)", -1),
        ("sin(pi)", 0),
        ("1.5e2", 150),
        ("[1 + 2] × 3 · 2 ÷ 9", 2),
        ("2 − 3", -1),
        ("0^0", 1),
    ],
)
def test_functions_and_precedence(text, expected):
    assert float(value(parse(text, ()), {})) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "text", ["1/0", "sqrt(-1)", "log(0)", "0^-1", "9^9^9", "(-8)^(1/3)", "sin(10^9)", "10^-20000"]
)
def test_what_has_no_value(text):
    assert value(parse(text, ()), {}) is None


# ---------------------------------------------------------------- equivalence

CONV = "(W - K + 2*P)/S + 1"


def same(given_text, right=CONV, variables=("W", "K", "P", "S"), **fields):
    return bool(earned(question("expression", variables=list(variables), **fields), given_text, right))


@pytest.mark.parametrize(
    "text",
    [
        "1 + (W - K + 2*P)/S",
        "(w-k+2*p)/s+1",
        "(W - K + 2*P + S) / S",
        "W/S - K/S + 2*P/S + 1",
        "1 - (K - W - P - P) * S^-1",
        "((W**2 - K**2)/(W + K) + 2*P)/S + 1",
    ],
)
def test_right_in_another_form(text):
    assert same(text)


@pytest.mark.parametrize(
    "text", ["(W - K + P)/S + 1", "(W - K + 2*P)/S", "W - K + 2*P/S + 1", "(W + K + 2*P)/S + 1", "14", "W"]
)
def test_wrong_ones(text):
    assert not same(text)


@pytest.mark.parametrize(
    ("one", "other", "fields"),
    [
        ("log(x*y)", "log(x) + log(y)", {}),
        ("sqrt(x^2)", "x", {}),
        ("sqrt(x^2)", "abs(x)", {"domain": "real"}),
        ("exp(2*x)", "exp(x)^2", {}),
        ("sin(x)^2 + cos(x)^2", "1", {"domain": "real"}),
        ("sqrt(-x)*sqrt(-x)", "-x", {}),  # through complex numbers
        ("x*exp(10^5*x)/exp(10^5*x)", "x", {}),  # through numbers beyond all bounds: sympy's part
        ("log(-x) - log(-x) + y", "y", {}),
        ("0.333333333333*x", "x/3", {}),
        ("floor(x/2)", "x//2", {"domain": "integer"}),
        ("tanh(x)", "(exp(2*x) - 1)/(exp(2*x) + 1)", {}),
    ],
)
def test_identities(one, other, fields):
    assert same(one, other, ("x", "y"), **fields)
    assert not same(f"{one} + x/1000", other, ("x", "y"), **fields)


def test_a_sign_matters_where_numbers_may_be_negative():
    assert not same("sqrt(x^2)", "x", ("x",), domain="real")


@settings(max_examples=40)
@given(trees, trees)
def test_agrees_with_sympy_on_rational_expressions(one, other):
    variables = list(NAMES)
    try:
        sheet = sheet_of(question("expression", variables=variables), other.text)
        marked = sheet.mark({"q": one.text}).results[0]
    except SpecError:  # it has no values
        return
    if "no value" in "".join(marked.hints):
        return
    expected = difference_is_zero(parse(one.text, NAMES), parse(other.text, NAMES), "positive")
    assert (marked.score == 1) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2*((W - K + 2*P)/S + 1)", "constant factor"),
        (CONV + " + 1", "constant that is added"),
        ("W", "This expression is wrong."),
        ("1/(W - W)", "no value"),
        ("2K", "2*K"),
        ("K(2)", "K*("),
        ("(W", "never closed"),
        ("W)", "never opened"),
        ("W +", "ends too early"),
        ("* W", "missing before `*`"),
        ("W K", "W*K"),
        ("y = W", "right of the `=`"),
        ("x + 1", "`x` is not known. The variables are: `W`, `K`, `P`, `S`"),
        ("sqrt W", "brackets behind `sqrt`"),
        ("sqrt(W, K)", "does not take 2"),
        ("W $ K", "`$` is no part"),
        ("W.real", "no part"),
        ("__import__('os')", "`'` is no part"),
        ("lambda: 0", "`:` is no part"),
        ("W if K else P", "W*if"),
        ("\\frac{W}{S}", "no part"),
        ("W²", "powers with ^"),
        ("()", "missing before `)`"),
        ("1 2", "1*2"),
        ("W + 1e999999999", "too large"),
        ("W^9^9^9", "no value"),
    ],
)
def test_sentences(text, words):
    sheet = sheet_of(question("expression", variables=["W", "K", "P", "S"]), CONV)
    result = sheet.mark({"q": text}).results[0]
    assert result.score == 0
    assert words in result.hints[0]
    assert CONV not in result.hints[0]


def test_a_variable_may_be_called_like_a_constant():
    assert same("2*e", "e + e", ("e",))
    assert not same("2*2.718281828459045", "2*e", ("e",))
    assert same("2.718281828459045*x", "e*x", ("x",))


def test_capital_letters_count_where_they_tell_variables_apart():
    assert same("h + 2*H", "H*2 + h", ("H", "h"))
    assert not same("H + 2*h", "H*2 + h", ("H", "h"))


@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text):
    try:
        parse(text, NAMES)
    except SubmissionError as error:
        assert 0 < len(str(error)) < 300  # noqa: PT017 - some texts are expressions


@given(st.text(alphabet="WKP0123456789.+-*/^(), e[]", max_size=40))
def test_any_likely_text_is_parsed_or_refused(text):
    try:
        tree = parse(text, NAMES)
    except SubmissionError:
        return
    found = value(tree, {name: Decimal(3) for name in NAMES})
    assert found is None or found.is_finite()
