"""Finds and parses answers.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from grader.errors import SubmissionError
from grader.intake.entry import top_folders
from grader.intake.syntax import lines_of, source_line
from grader.intake.text import decode

FILE_NAME = "answers.toml"
MAX_BYTES = 64 * 1024
MAX_DEPTH = 16  # tables and lists inside each other
_REMEDY = (
    'Write one `name = value` per line: texts in "quotes", lists in [brackets], numbers with a decimal point.'
)
_KEY = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_DOT = r"[ \t]*+\.[ \t]*+"
# The parts of TOML, as far as it takes to tell keys from texts and comments. What is not closed runs to the
# end: tomllib gives up there.
_PART = re.compile(
    r"""\"{3}(?:[^"\\]|\\[\s\S]|"(?!""))*+(?:"{3,5}+|\\?\Z)"""
    r"""|'{3}(?:[^']|'(?!''))*+(?:'{3,5}+|\Z)"""
    rf"""|(?P<deep>{_KEY}(?:{_DOT}{_KEY}){{{MAX_DEPTH},}}+)"""
    rf"""|{_KEY}(?:{_DOT}{_KEY})*+|["'][\s\S]*+|\#[^\n]*+"""
)
_LINE_OF_KEY = re.compile(r"""[ \t]*+(?:\[[ \t]*+)?["']?([\w-]++)["']?[ \t]*+[=\].]""")
_PLACE = re.compile(r" ?\(at line (\d+), column \d+\)$")


def find_answers(files: Mapping[str, bytes]) -> str | None:
    """The path of answers.toml in the root or the single top folder, None if there is none."""
    for top in top_folders(files):
        for path in sorted(files):
            if path.casefold() == f"{top}{FILE_NAME}".casefold():
                return path
    return None


def parse_answers(path: str, data: bytes) -> tuple[dict[str, Any], str]:
    """The answers, and a note for the student ("" if there is none).

    Raises:
        SubmissionError: too big, nested too deeply, or not TOML; the text names the line.
    """
    if len(data) > MAX_BYTES:
        raise SubmissionError(f"`{path}` is longer than {MAX_BYTES} bytes. Write short answers only.")
    decoded = decode(path, data)
    if _has_deep_key(decoded.text):
        raise _too_deep(path)
    try:
        answers = tomllib.loads(decoded.text)
    except RecursionError as error:
        raise _too_deep(path) from error
    except ValueError as error:
        raise _invalid(path, decoded.text, str(error)) from error
    _check_depth(path, answers)
    return answers, decoded.note


def places(text: str) -> dict[str, tuple[int, str]]:
    """The first line that seems to give each top-level name: its number from 1, and its text."""
    found: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE_OF_KEY.match(line)
        if match is not None:
            found.setdefault(match[1], (number, line.strip()))
    return found


def _has_deep_key(text: str) -> bool:
    """Whether a dotted key is so deep that tomllib would need quadratic time for it."""
    return any(part["deep"] is not None for part in _PART.finditer(text.replace("\r\n", "\n")))


def _check_depth(path: str, answers: dict[str, Any]) -> None:
    level: list[Any] = [answers]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
    if level:
        raise _too_deep(path)


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep(path: str) -> SubmissionError:
    return SubmissionError(f"`{path}` nests tables or lists more than {MAX_DEPTH} deep. {_REMEDY}")


def _invalid(path: str, text: str, reason: str) -> SubmissionError:
    place = _PLACE.search(reason)
    if place is None:
        return SubmissionError(f"`{path}` is not valid TOML: {reason[:200]}. {_REMEDY}")
    line = source_line(lines_of(text), int(place[1]))
    return SubmissionError(f"`{path}`, line {place[1]}: {reason[: place.start()]}: `{line}`. {_REMEDY}")
