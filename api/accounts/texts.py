"""What e-mail addresses, names and addresses to go on to may look like."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")
_LONGEST_EMAIL = 254
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # marks of the direction of writing


def normal_email(text: str) -> str:
    """An address as it is kept: lower case. ASCII only: no two that look alike are taken for one.

    Raises `ValueError`.
    """
    email = text.strip()
    if email.isascii():
        email = email.lower()
        if len(email) <= _LONGEST_EMAIL and _EMAIL.fullmatch(email):
            return email
    raise ValueError("This is no e-mail address like name@example.edu.")


def plain(text: str) -> str:
    """A line of text without spaces around it. Raises `ValueError` for control characters, also for those
    that turn what stands beside them around: a name is shown among others.
    """
    if _TURNS.search(text) or any(
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text
    ):
        raise ValueError("Control characters are not allowed.")
    return text.strip()


def safe_next(text: str | None) -> str:
    """Where to go after signing in: a path of this service, else the front page."""
    if not text or not re.fullmatch(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*", text):
        return "/"
    return text


Email = Annotated[str, Field(max_length=_LONGEST_EMAIL + 50), AfterValidator(normal_email)]
Line = Annotated[str, AfterValidator(plain)]
Name = Annotated[Line, Field(max_length=200)]
Password = Annotated[str, Field(max_length=256)]
