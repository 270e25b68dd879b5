"""Passwords: how they are kept, and how they are compared.

Argon2id with the second recommended option of RFC 9106: 64 MiB and some tens of milliseconds for each. A
few at once at most, so that many sign-ins cannot take the machine's memory.
"""

from __future__ import annotations

import threading
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.errors import Unprocessable

SHORTEST = 10
LONGEST = 256
_AT_ONCE = 4

_hasher = PasswordHasher()
_turns = threading.BoundedSemaphore(_AT_ONCE)


def check_strength(password: str, *, email: str = "") -> None:
    """Raises `Unprocessable` for a password that is too short, too long, or all too easy."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Unprocessable(f"A password has {SHORTEST} to {LONGEST} characters.", kind="weak-password")
    if len(set(password)) < 4 or (
        email and password.lower() in (email.lower(), email.lower().partition("@")[0])
    ):
        raise Unprocessable("This password is too easy to guess: choose another one.", kind="weak-password")


def hash(password: str) -> str:
    """What the database keeps of it. Slow on purpose: never within a transaction."""
    with _turns:
        return _hasher.hash(_bytes(password))


def verify(password_hash: str | None, password: str) -> bool:
    """Whether it is the password. Without a hash (no such account, no password), no takes as long."""
    if len(password) > LONGEST:
        return False
    with _turns:
        decoy = _decoy()
        try:
            matches = _hasher.verify(password_hash or decoy, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
    return matches and password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


@lru_cache
def _decoy() -> str:
    return _hasher.hash("nobody has this password")


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
