"""Who makes a request, and what they may do."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What an API token may be used for. A signed-in browser has all of them."""

    READ = "read"  # see what its owner may see
    SUBMIT = "submit"  # upload for its owner
    STAFF = "staff"  # act as TA or instructor where its owner is one
    ADMIN = "admin"  # act as administrator, if its owner is one


@dataclass(frozen=True)
class Actor:
    """The user behind a request."""

    user_id: uuid.UUID
    email: str
    name: str
    is_admin: bool
    scopes: frozenset[Scope]
    csrf_token: str | None = None  # of the browser session; None for API tokens

    def has(self, scope: Scope) -> bool:
        """Whether the request may do this kind of thing at all."""
        return scope in self.scopes
