"""Reads a class list: CSV as spreadsheets and student systems write it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from api.courses.checks import checked_email
from api.db.courses import Role
from api.errors import Unprocessable

MOST_ROWS = 5_000
_LONGEST_NAME, _LONGEST_SECTION = 200, 60

_COLUMNS = {  # header names, of letters only and in lower case
    "email": {"email", "emailaddress", "mail", "mailaddress", "useremail", "studentemail"},
    "name": {"name", "fullname", "displayname", "studentname", "student"},
    "first": {"firstname", "givenname", "first"},
    "last": {"lastname", "surname", "familyname", "last"},
    "section": {"section", "sections", "tutorial", "class", "labgroup", "sectionname"},
    "role": {"role", "type", "courserole"},
}
_ROLES = {
    "student": Role.STUDENT,
    "learner": Role.STUDENT,
    "ta": Role.TA,
    "assistant": Role.TA,
    "teachingassistant": Role.TA,
    "instructor": Role.INSTRUCTOR,
    "teacher": Role.INSTRUCTOR,
    "lecturer": Role.INSTRUCTOR,
}


@dataclass(frozen=True)
class Row:
    """A line of the list. What it leaves open is None (or '' for the name)."""

    line: int  # counted from 1, the header included
    email: str
    name: str = ""
    section: str | None = None
    role: Role | None = None


@dataclass(frozen=True)
class LineError:
    """A line that is wrong."""

    line: int
    message: str


@dataclass(frozen=True)
class ClassList:
    """The rows that can be used, each person once, and what is wrong with the others."""

    rows: tuple[Row, ...]
    errors: tuple[LineError, ...]


def read_roster(data: bytes) -> ClassList:
    """Read a file.

    Raises:
        Unprocessable: it is no text, has no column of e-mail addresses, or too many rows.
    """
    lines = _lines(_text(data))
    columns = _header(next(lines, (1, []))[1])
    rows: dict[str, Row] = {}
    errors: list[LineError] = []
    for count, (line, fields) in enumerate(lines, 1):
        if count > MOST_ROWS:
            raise Unprocessable(f"The list has more than {MOST_ROWS} rows: split it.", kind="invalid-roster")
        try:
            row = _row(line, {name: fields[at].strip() for name, at in columns.items() if at < len(fields)})
        except Unprocessable as error:
            errors.append(LineError(line, error.detail))
            continue
        if row.email in rows:
            errors.append(LineError(line, f"{row.email} is on line {rows[row.email].line} already."))
        else:
            rows[row.email] = row
    return ClassList(tuple(rows.values()), tuple(errors))


def _text(data: bytes) -> str:
    """UTF-8, UTF-16 where a mark says so, and else what spreadsheets on Windows write."""
    encodings = ["utf-16"] if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return unicodedata.normalize("NFC", text)
    raise Unprocessable("This is no text: save the list as CSV (UTF-8).", kind="invalid-roster")


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The line number and the fields of each row that is not empty."""
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise Unprocessable(f"Line {line} can't be read as CSV: {error}.", kind="invalid-roster") from error


def _header(fields: list[str]) -> dict[str, int]:
    """Where each column is."""
    columns: dict[str, int] = {}
    for at, field in enumerate(fields):
        letters = re.sub(r"[^a-z]", "", field.lower())
        for name, spellings in _COLUMNS.items():
            if letters in spellings:
                columns.setdefault(name, at)
    if "email" not in columns:
        raise Unprocessable(
            "The first line has to name the columns, and one of them has to be 'email'; "
            "'name', 'section' and 'role' are optional.",
            kind="invalid-roster",
        )
    return columns


def _row(line: int, fields: dict[str, str]) -> Row:
    if not fields.get("email"):
        raise Unprocessable("There is no e-mail address.")
    name = fields.get("name") or f"{fields.get('first', '')} {fields.get('last', '')}".strip()
    return Row(
        line,
        checked_email(fields["email"]),
        _short("name", name, _LONGEST_NAME),
        _short("section", fields["section"], _LONGEST_SECTION) if "section" in fields else None,
        _role(fields.get("role", "")),
    )


def _role(text: str) -> Role | None:
    if not text:
        return None
    role = _ROLES.get(re.sub(r"[^a-z]", "", text.lower()))
    if role is None:
        raise Unprocessable(f"There is no role {text[:40]!r}: use student, ta or instructor.")
    return role


def _short(what: str, text: str, longest: int) -> str:
    """One line of visible characters."""
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    if len(text) > longest:
        raise Unprocessable(f"The {what} is longer than {longest} characters.")
    return text
