"""Random values that prove something to whoever holds them, and the hashes that are kept of them."""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 32


def new_secret() -> str:
    """256 random bits, safe in addresses and headers. So many need no slow hash."""
    return secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> str:
    """What the database keeps of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
