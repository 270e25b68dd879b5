"""Answers that want to cost time or memory, or to be run."""

from __future__ import annotations

import difflib
import resource
import time
import tracemalloc

import pytest
from answer_builders import question, sheet_of
from hypothesis import given
from hypothesis import strategies as st

from grader.answers import Sheet, symbolic
from grader.answers.formula import parse
from grader.answers.symbolic import is_same
from grader.errors import SubmissionError
from grader.scoring.model import TestStatus

FIELDS = {
    "number": ({"unit": "MB"}, 1),
    "integer": ({}, 1),
    "shape": ({}, [1, 2]),
    "choice": ({"options": [f"option {n}" for n in range(100)]}, "option 1"),
    "marks": ({"options": [f"option {n}" for n in range(100)], "minus_unexplained": 0.1}, {"option 1": "x"}),
    "expression": ({"variables": ["W", "K"]}, "W + K"),
    "text": ({}, "a"),
    "honesty": ({"options": ["mine", "copied"], "costly": ["copied"], "penalty": 9}, "mine"),
}
DEEP: list = []
for _ in range(500):
    DEEP = [DEEP]
BOMBS = [
    "9" * 1_000_000,
    "1e" + "9" * 1_000,
    "1e999999999",
    "1e99999999999999999999",
    "W + 0e99999999999999999999",
    "0e999999 / 0e-999999",
    "99e999999",
    "99e999999 MB",
    "[1, 99e999999]",
    "9**9**9**9",
    "9^9^9^9^9^9",
    "(" * 100_000,
    "(" * 499,
    "-" * 499,
    "2^" * 249 + "2",
    "sqrt(" * 90 + "W" + ")" * 90,
    "exp(" * 25 + "W" + ")" * 25,
    "+".join(["exp(W)"] * 49),
    "*".join(["(W+K)^99"] * 40),
    "W^" + "9" * 60,
    "1/" * 200 + "3",
    "1," * 200_000,
    "x".join(["1"] * 200),
    "1" + ",000" * 100,
    " " * 1_000_000,
    "\n".join(["option 1: x"] * 100_000),
    "option " * 50_000,
    ":" * 1_000_000,
    "٣" * 100,
    "\u202e" * 100,
    "\x00\x1b[31m",
    "\ud800",
    "__import__('os').system('true')",
    "W.__class__.__mro__[1].__subclasses__()",
    "lambda: 1",
    10**100_000,
    -(1 << 300_000),
    float("inf"),
    float("nan"),
    1e308,
    [1] * 60_000,
    ["9" * 10_000] * 1_000,
    {f"option {n}": "x" for n in range(20_000)},
    {"option 1": ["x"] * 10_000},
    DEEP,
    {"a": DEEP},
    True,
    b"bytes",
    object(),
]


@pytest.mark.parametrize("kind", FIELDS)
def test_no_answer_costs_much(kind):
    fields, right = FIELDS[kind]
    sheet = sheet_of(question(kind, **fields), right)
    for bomb in BOMBS:
        tracemalloc.start()
        before = time.process_time()
        result = sheet.mark({"q": bomb}).results[0]
        problems = sheet.problems({"q": bomb})
        spent, (_, peak) = time.process_time() - before, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert spent < 5, repr(bomb)[:80]
        assert peak < 64 << 20, repr(bomb)[:80]
        assert result.score < 1 or kind == "text"
        assert all(len(sentence) < 600 for sentence in (*result.hints, *problems))
        result.model_dump_json()


@pytest.mark.parametrize("kind", ["number", "integer", "shape", "expression"])
@given(
    st.from_regex(
        r"W? ?[-+*/]?[0-9]{1,3}(\.[0-9]{0,3})?e[-+]?[0-9]{1,25}( ?[-+*/^x][0-9]{1,3})?", fullmatch=True
    )
)
def test_any_exponent_is_read_or_refused(kind, text):
    fields, right = FIELDS[kind]
    sheet = sheet_of(question(kind, **fields), right)
    assert sheet.mark({"q": text}).results[0].status in (TestStatus.PASSED, TestStatus.FAILED)
    sheet.problems({"q": text})


def test_options_are_compared_letter_by_letter_once_at_most(monkeypatch):
    """200 entries with explanations, and 100 options: whatever is right needs no guess."""
    guesses = []
    real = difflib.get_close_matches
    monkeypatch.setattr(difflib, "get_close_matches", lambda *given: guesses.append(given) or real(*given))
    asked = question("marks", options=[f"option {n}" for n in range(100)])
    entries = [f"option {n % 100} : because" for n in range(200)]
    assert len(asked.read(entries)) == 100
    assert len(asked.read(";".join(entries))) == 100
    assert guesses == []
    with pytest.raises(SubmissionError, match="did you mean"):
        asked.read(["optiom 1: because", *entries[1:]])
    assert len(guesses) == 1


@pytest.mark.parametrize(
    "text", ["(" * 40 + "W" + ")" * 40, "-" * 40 + "W", "2^" * 40 + "W", "abs(" * 40 + "W" + ")" * 40]
)
def test_depth_is_bounded(text):
    with pytest.raises(SubmissionError, match="nests more than 30 deep"):
        parse(text, ("W",))


def test_many_names_cost_little(tmp_path):
    sheet = Sheet((question("integer"),), {"q": 1})
    before = time.process_time()
    sheet.problems({f"q{'u' * 5_000}{n}": n for n in range(3_000)})
    assert time.process_time() - before < 5


def test_the_last_word_ends_in_time():
    """What sympy would simplify for hours."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    bomb = parse("*".join(["(sqrt(W) + K + log(W))^59"] * 9), ("W", "K"))
    assert not is_same(bomb, parse("W", ("W", "K")), "positive")
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 10


def spin(*_):
    while True:
        pass


def wait(*_):
    time.sleep(3600)


def grow(*_):
    kept = bytearray(b"x") * (64 << 20)
    time.sleep(3600)
    return len(kept)


def fail(*_):
    raise MemoryError


@pytest.mark.parametrize(
    ("work", "limit", "value"),
    [
        (spin, "_SECONDS", 0.1),
        (wait, "_PATIENCE", 0.1),
        (grow, "_MEMORY", 16 << 20),
        (fail, "_SECONDS", 3600),
    ],
)
def test_each_limit_ends_it_alone(monkeypatch, work, limit, value):
    """The others are an hour, or all memory."""
    for name, much in (("_SECONDS", 3600.0), ("_PATIENCE", 3600.0), ("_MEMORY", 1 << 50), (limit, value)):
        monkeypatch.setattr(symbolic, name, much)
    monkeypatch.setattr(symbolic, "difference_is_zero", work)
    assert not is_same(parse("W", ("W",)), parse("W", ("W",)), "positive")
    monkeypatch.setattr(symbolic, "difference_is_zero", lambda *_: True)
    assert is_same(parse("W", ("W",)), parse("W", ("W",)), "positive")
