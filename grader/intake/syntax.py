"""Parses Python source that nobody vouches for. Nothing is executed."""

from __future__ import annotations

import ast
import re
import symtable
import threading
import warnings
from dataclasses import dataclass

from grader.errors import SubmissionError
from grader.intake.text import decode

MAX_TOKENS = 200_000  # of one file, whose tree takes some hundred megabytes; homework has a tenth
_TOKEN = re.compile(r"\w+|[^\w\s]")
_MAX_LINE = 200  # characters of a source line in a message
# Neither works in two threads at once: `ast.parse` (SystemError: AST constructor recursion depth mismatch, in
# Python 3.11) and `catch_warnings`.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Parsed:
    """`tree` is None where there is an `error`. `gave_up`: it may be right, but is too much to be read."""

    tree: ast.Module | None
    error: str = ""
    gave_up: bool = False


def count_tokens(text: str) -> int:
    """About how many words and signs `text` has: a cheap bound on the size of its tree."""
    return sum(1 for _ in _TOKEN.finditer(text))


def parse(source: bytes, filename: str) -> Parsed:
    """The syntax tree of `source`, or why there is none. Never raises."""
    try:
        return parse_text(decode(filename, source).text, filename)
    except SubmissionError as error:
        return Parsed(None, str(error))


def parse_text(text: str, filename: str) -> Parsed:
    """The same of decoded source. Never raises."""
    try:
        if count_tokens(text) > MAX_TOKENS:
            return Parsed(None, f"{filename}: too long to be read.", gave_up=True)
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of invalid escapes, which are the student's own business
            return Parsed(ast.parse(text, filename))
    except (RecursionError, MemoryError):
        return Parsed(None, f"{filename}: nested too deeply to be read.", gave_up=True)
    except SyntaxError as error:
        return Parsed(None, _sentence(error, text, filename))
    except ValueError as error:  # a NUL, or digits without end
        return Parsed(None, f"{filename}: {error}")


def syntax_error(source: bytes, filename: str) -> str | None:
    """The first mistake in grammar or scopes that keeps `source` from being imported, or None. Never raises.

    Like "solution.py, line 12: unexpected indent: `    return x`". What only the compiler's last stage finds,
    a `return` outside a function, is not looked for: nested `finally` blocks make that take minutes.
    """
    try:
        text = decode(filename, source).text
        if count_tokens(text) > MAX_TOKENS:
            return f"{filename}: too long to be read."
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            symtable.symtable(text, filename, "exec")
    except (RecursionError, MemoryError):
        return f"{filename}: nested too deeply for Python to read."
    except SubmissionError as error:
        return str(error)
    except SyntaxError as error:
        return _sentence(error, text, filename)
    except ValueError as error:
        return f"{filename}: {error}"
    return None


def source_line(lines: list[str], number: int) -> str:
    """Line `number` (from 1) without its end, capped; "" if there is none."""
    if not 1 <= number <= len(lines):
        return ""
    return lines[number - 1].rstrip()[:_MAX_LINE]


def lines_of(text: str) -> list[str]:
    """Lines as Python counts them: form feeds and Unicode separators do not end one."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _sentence(error: SyntaxError, text: str, filename: str) -> str:
    number = error.lineno or 0
    line = source_line(lines_of(text), number)
    where = f"{filename}, line {number}" if number else filename
    return f"{where}: {error.msg}: `{line}`" if line.strip() else f"{where}: {error.msg}"
