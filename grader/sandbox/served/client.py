"""The client of a server that makes sandboxes: the fork server of `local`, or that of `docker`'s containers.

Both speak one protocol (`protocol.py`), so whoever grades does not know which one it is, and holds nothing
else of it: no engine's socket, no control group.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from grader.errors import InfrastructureError
from grader.sandbox.base import Limits, Result
from grader.sandbox.served import protocol
from grader.sandbox.served.protocol import Message

_REPLY_SECONDS = 60.0


class ServedSandbox:
    """A sandbox that a server made."""

    def __init__(self, client: ServedClient, number: int, channel: socket.socket) -> None:
        self._client = client
        self._number = number
        self._end: Result | InfrastructureError | None = None
        self.channel = channel

    def stop(self, *, wait: bool = True) -> Result:
        """See `Sandbox`.

        Raises:
            InfrastructureError: somebody else killed it, or the fork server is gone.
        """
        if self._end is None:
            try:
                self._end = protocol.parse_result(
                    self._client.request({"op": "stop", "id": self._number, "wait": wait})
                )
            except InfrastructureError as error:
                self._end = error
            self.channel.close()  # not before: a harness that sees its end exits by itself
        if isinstance(self._end, InfrastructureError):
            raise self._end
        return self._end


@dataclass(frozen=True)
class _Order:
    """A sandbox that was asked for; the reply is still to come."""

    limits: Limits
    channel: socket.socket


class ServedClient:
    """A backend that is one connection to a fork server, which may have been made by another process.

    name: of the backend whose server it is; all speak the same protocol.
    """

    def __init__(self, connection: socket.socket, name: str = "local") -> None:
        self.name = name
        self._server = "fork server" if name == "local" else f"{name} sandbox server"
        self._connection = connection
        self._connection.settimeout(_REPLY_SECONDS)
        self._lock = threading.RLock()
        self._ordered: _Order | None = None

    def order(self, limits: Limits) -> None:
        """Ask for a sandbox without waiting for it: the next `start` with these limits gets it.

        It becomes ready while the caller does something else. Only one can be on order.
        """
        with self._lock:
            if self._ordered is None:
                self._ordered = self._send_order(limits)

    def start(self, limits: Limits) -> ServedSandbox:
        """See `Backend`."""
        with self._lock:
            if self._ordered is None or self._ordered.limits != limits:
                self._cancel_order()
                self._ordered = self._send_order(limits)
            order, self._ordered = self._ordered, None
            return self._deliver(order)

    def _cancel_order(self) -> None:
        order, self._ordered = self._ordered, None
        if order is not None:
            with contextlib.suppress(InfrastructureError):  # nobody wants it any more, nor its troubles
                self._deliver(order).stop()

    def _send_order(self, limits: Limits) -> _Order:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._send({"op": "start", "limits": asdict(limits)}, [theirs.fileno()])
        except BaseException:
            ours.close()
            raise
        return _Order(limits, ours)

    def _deliver(self, order: _Order) -> ServedSandbox:
        try:
            return ServedSandbox(self, self._reply()["id"], order.channel)
        except BaseException:
            order.channel.close()
            raise

    def close(self) -> None:
        """See `Backend`: the fork server kills what this connection started."""
        if self._ordered is not None:
            self._ordered.channel.close()
        self._connection.close()

    def new_connection(self) -> socket.socket:
        """A further connection to the same server, for another client."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.request({"op": "connect"}, [theirs.fileno()])
        return ours

    def request(self, message: Message, descriptors: Sequence[int] = ()) -> Message:
        """One request and its reply.

        Raises:
            InfrastructureError: the fork server is gone, or it reports an error.
            LimitUnavailable: it cannot enforce a limit.
        """
        with self._lock:
            self._cancel_order()  # its reply would come first
            self._send(message, descriptors)
            return self._reply()

    def _send(self, message: Message, descriptors: Sequence[int]) -> None:
        try:
            protocol.send(self._connection, message, descriptors)
        except OSError as error:
            raise InfrastructureError(f"The {self._server} does not answer: {error}.") from error

    def _reply(self) -> Message:
        try:
            reply, _ = protocol.receive(self._connection)
        except OSError as error:
            self._connection.close()  # a reply that comes too late must not be taken for the next one's
            raise InfrastructureError(f"The {self._server} does not answer: {error}.") from error
        if reply is None:
            raise InfrastructureError(f"The {self._server} has ended.")
        protocol.raise_if_error(reply)
        return reply
