"""What courses check before they write: names in addresses, time zones, e-mail addresses."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from zoneinfo import available_timezones

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.accounts.texts import normal_email
from api.errors import Conflict, Unprocessable

_SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]*\Z")


def checked_slug(text: str, longest: int = 60) -> str:
    """A name for addresses. Raises `Unprocessable` with what is allowed."""
    if len(text) > longest or not _SLUG.match(text) or ".." in text:
        raise Unprocessable(
            f"{text[:80]!r} can't stand in an address: use up to {longest} lower-case letters, digits, '-', "
            "'_' and '.', beginning with a letter or digit.",
            kind="invalid-slug",
        )
    try:
        uuid.UUID(text)
    except ValueError:
        return text
    raise Unprocessable(
        f"{text!r} looks like an id: choose a name that people can read.", kind="invalid-slug"
    )


def checked_zone(text: str) -> str:
    """An IANA time zone. Raises `Unprocessable`."""
    if text not in _zones():
        raise Unprocessable(
            f"There is no time zone {text[:80]!r}: use an IANA name such as 'Europe/Amsterdam'.",
            kind="invalid-time-zone",
        )
    return text


def checked_email(text: str) -> str:
    """An e-mail address as it is kept. Raises `Unprocessable`."""
    try:
        return normal_email(text)
    except ValueError as error:
        raise Unprocessable(f"{text[:80]!r}: {error}", kind="invalid-email") from error


@contextmanager
def unique(session: Session, sentence: str) -> Iterator[None]:
    """Flush what the block added; where the database has such a row already, raise `Conflict`."""
    try:
        yield
        session.flush()
    except IntegrityError as error:
        raise Conflict(sentence) from error


@lru_cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
