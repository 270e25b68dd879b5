"""Server-sent events, as the HTML standard describes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """One event. `id` is what to send as Last-Event-ID to go on after it."""

    kind: str
    data: dict[str, Any]
    id: str


def parse(lines: Iterable[str]) -> Iterator[Event]:
    """The events in the lines of a stream. An event that the stream ends in the middle of is left out."""
    kind, identifier, data = "message", "", list[str]()
    for line in lines:
        if not line:
            if data:
                yield Event(kind, json.loads("\n".join(data)), identifier)
            kind, data = "message", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "id":
            identifier = value
        elif name == "data":
            data.append(value)
