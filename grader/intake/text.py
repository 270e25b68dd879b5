"""Turns the bytes of a text file into UTF-8, whatever editor wrote them."""

from __future__ import annotations

import codecs
import io
import re
import tokenize
from dataclasses import dataclass

from grader.errors import SubmissionError
from grader.intake.looks import looks_like, remedy

# Declared encodings that are honoured. Others are ignored: decoding punycode, for one, takes quadratic time.
_HONOURED = {
    *("utf-8", "utf-8-sig", "ascii", "cp437", "cp850", "koi8-r", "koi8-u", "mac-roman"),
    *("gbk", "gb2312", "gb18030", "big5", "cp932", "shift_jis", "cp949", "euc_jp", "euc_kr"),
    *(f"iso8859-{number}" for number in range(1, 17)),
    *(f"cp{number}" for number in range(1250, 1259)),
}
_COOKIE = re.compile(r"\A((?:[^\r\n]*(?:\r\n|\r|\n))??[ \t\f]*#[^\r\n]*?coding[:=][ \t]*)([-\w.]+)")
_UTF8 = {"utf-8", "utf_8", "utf8"}  # spellings that may stay
_GUESSES = (
    ("utf-8-sig", "UTF-8"),
    ("cp1252", "Windows-1252"),
    ("latin-1", "Latin-1"),
)  # the last reads anything
_BINARY = re.compile(rb"[\x01-\x08\x0e-\x19\x1c-\x1f\x7f]")  # control characters that no editor writes


@dataclass(frozen=True)
class Text:
    """`text` without byte order mark; `note` tells the student what was changed, "" if nothing was.

    No coding comment in it names anything but UTF-8: kept as UTF-8, it is read by every Python as it is here.
    """

    text: str
    note: str = ""


def decode(name: str, data: bytes) -> Text:
    """The text of the Python or toml file `name`: as declared (PEP 263), by its UTF-16 mark, or as UTF-8.

    What fits none of these is read as Windows-1252 or Latin-1 with a note, so that one accent in a comment
    does not cost the homework.

    Raises:
        SubmissionError: it is not text, whatever the encoding.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        utf16 = _try(data, "utf-16")
        if utf16 is not None and "\0" not in utf16:
            return Text(
                _declare_utf8(utf16), f"`{name}` is saved as UTF-16 and was read as such. Save it as UTF-8."
            )
    if b"\0" in data:
        raise _not_text(name, data, f"contains a NUL byte on line {_line_of(data, data.index(0))}")
    declared = _declared(data)
    text = _try(data, declared) if declared else None
    if text is None:
        return _guess(name, data)
    if declared in ("utf-8", "utf-8-sig", "ascii"):
        return Text(_declare_utf8(text))
    return Text(_declare_utf8(text), f"`{name}` is saved as {declared}, as it says, and was read as such.")


def check_not_empty(name: str, text: str) -> None:
    """Raise a SubmissionError if there is nothing but blanks."""
    if not text.strip():
        raise SubmissionError(
            f"`{name}` is empty. Save it in your editor, look at its size, and hand it in again."
        )


def check_is_source(name: str, data: bytes) -> None:
    """Raise a SubmissionError if `data` is surely something other than Python source."""
    what = looks_like(data)
    if what:
        raise SubmissionError(f"`{name}` is not Python source: it looks like {what}. {remedy(what)}")


def _declared(data: bytes) -> str | None:
    """The encoding by mark or PEP 263 comment, by default UTF-8; None where it is not honoured.

    Python takes a lone \\r for the end of a line before it looks for the comment; `tokenize` does not.
    """
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        name, _ = tokenize.detect_encoding(io.BytesIO(lines).readline)
        canonical = codecs.lookup(name).name
    except (SyntaxError, LookupError, ValueError):
        return None
    return canonical if canonical in _HONOURED else None


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except ValueError:
        return None


def _guess(name: str, data: bytes) -> Text:
    """Bytes that are not in their declared encoding, UTF-8 where none is declared."""
    if _BINARY.search(data):
        raise _not_text(name, data, "contains control characters")
    encoding, title = next(guess for guess in _GUESSES if _try(data, guess[0]) is not None)
    note = f"`{name}`{_first_bad(data)}. It was read as {title}; save it as UTF-8."
    return Text(_declare_utf8(data.decode(encoding)), note)


def _first_bad(data: bytes) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return f", line {_line_of(data, error.start)}: byte 0x{data[error.start]:02X} is not UTF-8"
    return " is not in the encoding that its first lines declare"


def _line_of(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _declare_utf8(text: str) -> str:
    """`text` with a coding comment in the first two lines changed to utf-8, which is how it is kept."""
    return _COOKIE.sub(
        lambda found: found[0] if found[2].lower() in _UTF8 else f"{found[1]}utf-8", text, count=1
    )


def _not_text(name: str, data: bytes, why: str) -> SubmissionError:
    what = looks_like(data)
    looks = f": it looks like {what}" if what else ""
    return SubmissionError(f"`{name}` {why}, so it is not plain text{looks}. {remedy(what)}")
