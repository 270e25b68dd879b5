"""From what a student typed to a plain text or a decimal number. Costs and sizes are bounded here, first."""

from __future__ import annotations

import re
from decimal import Context, Decimal, DecimalException
from typing import Any

from grader.errors import SubmissionError
from grader.text import one_line

CONTEXT = Context(prec=60)
_MOST_CHARACTERS = 500
_MOST_DIGITS = 50
_MOST_EXPONENT = 400  # of ten: beyond, nothing is a sensible answer
_MOST_INTEGER = 10**_MOST_DIGITS
# What keyboards and word processors make of ASCII. NFKC would turn a power (10²) into other digits.
_PLAIN = {
    **{ord("０") + digit: str(digit) for digit in range(10)},
    **dict.fromkeys(map(ord, "\u2212\u2013\ufe63\uff0d"), "-"),  # minus, en dash, small and wide hyphen
    **dict.fromkeys(map(ord, "\u00d7\u2715\u22c5\u00b7\u2217\uff0a"), "*"),  # signs of multiplication
    **dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u3000\t\r\n"), " "),
    ord("\u00f7"): "/",
    ord("\uff0c"): ",",
    ord("\uff0e"): ".",
    ord("\uff08"): "(",
    ord("\uff09"): ")",
}
_DIGITS = "[0-9]+"
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?")
_GAPS = re.compile(r"(?<=[0-9])[ _'](?=[0-9]{3}(?![0-9]))")


def text_of(given: Any, most: int = _MOST_CHARACTERS) -> str:
    """A TOML value as the text that one would type into a form.

    Raises:
        SubmissionError: it is too long, or a list, table or date where one value is asked.
    """
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int):
        if abs(given) >= _MOST_INTEGER:
            raise SubmissionError(f"This number has more than {_MOST_DIGITS} digits.")
        return str(given)
    if isinstance(given, float):
        return repr(given)
    if not isinstance(given, str):
        raise SubmissionError(f"Write one value, not {_kind(given)}.")
    if len(given) > most:
        raise SubmissionError(f"This is {len(given)} characters long; at most {most} are read.")
    return given.strip()


def plain(text: str) -> str:
    """`text` with the signs of other keyboards as ASCII, and one kind of space."""
    return text.translate(_PLAIN).strip()


def quoted(text: str) -> str:
    """A piece of a student's text within a sentence."""
    return f"`{one_line(text, 60).replace('`', '')}`"


def decimal(given: Any) -> Decimal:
    """A number. Thousands may be grouped by commas, spaces, _ or ', and "0,5" has a decimal comma.

    Raises:
        SubmissionError: it is none, one that can be read in two ways, or too long, large or small.
    """
    if isinstance(given, bool):
        raise SubmissionError("Write a number, not true or false.")
    text = _without_groups(plain(text_of(given)))
    if not _NUMBER.fullmatch(text):
        raise SubmissionError(f"{quoted(text)} is not a number. Write digits, such as 1200, -0.5 or 3e-4.")
    if sum(character.isdigit() for character in text) > _MOST_DIGITS:
        raise SubmissionError(f"This number has more than {_MOST_DIGITS} digits.")
    try:
        number = CONTEXT.create_decimal(text)
    except DecimalException as error:  # an exponent beyond the context's
        raise SubmissionError(f"{quoted(text)} is too large or too small.") from error
    if number and abs(number.adjusted()) > _MOST_EXPONENT:
        raise SubmissionError(f"{quoted(text)} is too large or too small.")
    return number or Decimal(0)  # zeros have exponents too


def _without_groups(text: str) -> str:
    """Without what groups thousands, and with a point before decimals."""
    text = _GAPS.sub("", text)
    sign, digits = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    if "," not in digits:
        return text
    whole, point, rest = digits.partition(".")
    if _GROUPED.fullmatch(whole) and (point or whole.count(",") > 1):
        return sign + whole.replace(",", "") + point + rest
    if digits.count(",") == 1 and not point:
        if _GROUPED.fullmatch(digits) and not digits.startswith("0"):
            one, three = digits.replace(",", ""), digits.replace(",", ".")
            raise SubmissionError(
                f"{quoted(text)} can mean {sign}{one} or {sign}{three}: write one of these."
            )
        return sign + digits.replace(",", ".")
    return text


def _kind(given: Any) -> str:
    names = {list: "a list", tuple: "a list", dict: "a table", type(None): "nothing"}
    return names.get(type(given), f"a {type(given).__name__}")
