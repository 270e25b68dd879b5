"""The messages between a client and the fork server: one JSON object per packet, descriptors beside it.

    request                                      reply
    {"op": "start", "limits": {...}} + channel   {"id": 7} or {"error": ..., "kind": ..., "remedy": ...}
    {"op": "stop", "id": 7, "wait": true}        {"result": {...}} or an error
    {"op": "connect"} + a client's socket        {}

One request at a time per connection. When a connection closes, its sandboxes are killed.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from grader.errors import InfrastructureError, LimitUnavailable
from grader.sandbox.base import Result, Status, Usage

_LONGEST = 1 << 16

Message = dict[str, Any]


def send(connection: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> None:
    """Send one packet."""
    socket.send_fds(connection, [json.dumps(message).encode()], list(descriptors))


def receive(connection: socket.socket) -> tuple[Message | None, list[int]]:
    """The next packet and its descriptors; (None, []) once the other side is gone."""
    data, descriptors, _, _ = socket.recv_fds(connection, _LONGEST, 1)
    return (json.loads(data) if data else None), descriptors


def error_message(error: Exception) -> Message:
    """An exception of the fork server as a reply."""
    if isinstance(error, LimitUnavailable):
        text = str(error).removesuffix(f" Remedy: {error.remedy}")
        return {"kind": "limit", "error": text, "remedy": error.remedy}
    return {"kind": "infrastructure", "error": str(error) or type(error).__name__}


def raise_if_error(reply: Message) -> None:
    """Raise what a reply reports.

    Raises:
        LimitUnavailable, InfrastructureError.
    """
    if "error" in reply:
        if reply["kind"] == "limit":
            raise LimitUnavailable(reply["error"], reply["remedy"])
        raise InfrastructureError(reply["error"])


def result_message(result: Result) -> Message:
    """A result as a reply."""
    return {"result": asdict(result)}


def parse_result(reply: Message) -> Result:
    """The result in a reply."""
    fields = reply["result"]
    return Result(Status(fields["status"]), Usage(**fields["usage"]), fields["exit_code"], fields["signal"])
