"""Lists in pages: `?limit=50&after=<id of the last item>`, newest first."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

Item = TypeVar("Item")
MOST = 200


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = None  # give it as `after` to get the next page; None at the end


class PageQuery:
    """Which page is asked for."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=MOST, description="How many items.")] = 50,
        after: Annotated[uuid.UUID | None, Query(description="`next` of the page before.")] = None,
    ) -> None:
        self.limit = limit
        self.after = after

    def page(self, items: Sequence[Item], ids: Sequence[uuid.UUID]) -> Page[Item]:
        """A page from up to `limit + 1` items and their ids: the one too many says that there is more."""
        more = len(items) > self.limit
        return Page(items=list(items[: self.limit]), next=str(ids[self.limit - 1]) if more else None)


Paging = Annotated[PageQuery, Depends()]
