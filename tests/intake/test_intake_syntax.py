"""The sentence about a syntax error."""

import ast
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_archives import config

from grader.intake import read_bytes, syntax_error
from grader.intake.syntax import MAX_TOKENS, parse


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (b"x = 1\n    return x\n", "s.py, line 2: unexpected indent: `    return x`"),
        (
            b"def f():\nreturn 1\n",
            "s.py, line 2: expected an indented block after function definition on line 1: `return 1`",
        ),
        (b"nonlocal x\n", "s.py, line 1: nonlocal declaration not allowed at module level: `nonlocal x`"),
        (
            b"if 1:\n\tx = 1\n        y = 1\n",
            "s.py, line 3: inconsistent use of tabs and spaces in indentation",
        ),
        (b"# \xe9\nx = = 1\n", "s.py, line 2: invalid syntax: `x = = 1`"),
        (b"a = 1\r\nb = \r\n", "s.py, line 2: invalid syntax: `b =`"),
        (b"\xef\xbb\xbf# \x0c form feed\nx y\n", "s.py, line 2: invalid syntax: `x y`"),
    ],
)
def test_sentence(source, sentence):
    assert (syntax_error(source, "s.py") or "").startswith(sentence)


@pytest.mark.parametrize(
    "source", [b"x = 1\n", b"", b"# coding: latin-1\nx = '\xe9'\n", b"'\\d'\n", b"\r\nx = 1\r\n"]
)
def test_what_compiles_has_no_error(source):
    assert syntax_error(source, "s.py") is None


@pytest.mark.parametrize(
    "source",
    [
        b"-" * 100_000 + b"1",
        b"x" + b".a" * 100_000,
        b"(" * 1000,
        b"x = " + b"9" * 10_000,
        b"x = \0",
        b"f'" * 4999,
        b"lambda: " * 3000 + b"0",
        b"1" + b"+1" * 50_000,
    ],
)
def test_hostile_source_gives_a_sentence(source):
    assert (syntax_error(source, "s.py") or "").count("s.py") >= 1
    assert parse(source, "s.py").tree is None or parse(source, "s.py").error == ""


def test_too_long_a_file_never_reaches_the_compiler(monkeypatch):
    monkeypatch.setattr("symtable.symtable", lambda *_: pytest.fail("compiled"))
    assert syntax_error(b"x " * (MAX_TOKENS + 1), "s.py") == "s.py: too long to be read."


def test_long_lines_are_cut():
    assert len(syntax_error(b"x = = " + b"a" * 100_000, "s.py") or "") < 300


def test_it_is_no_intake_error():
    assert read_bytes("solution.py", b"def f(:\n", config()).entry == "solution.py"


@given(st.text(alphabet="xif:()=[]{}'\"\n\t #\\0é", max_size=60))
def test_agrees_with_python(text):
    if _accepts(lambda: compile(text, "s.py", "exec", dont_inherit=True)):
        assert syntax_error(text.encode(), "s.py") is None
        assert isinstance(parse(text.encode(), "s.py").tree, ast.Module)
    elif not _accepts(lambda: ast.parse(text)):
        assert syntax_error(text.encode(), "s.py")


def _accepts(read):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read()
    except (SyntaxError, ValueError):
        return False
    return True


def test_nested_finally_blocks_take_no_time():
    lines = ["try: pass", "finally:"]
    source = "".join(" " * depth + line + "\n" for depth in range(19) for line in lines) + " " * 19 + "pass\n"
    assert syntax_error(source.encode(), "s.py") is None
