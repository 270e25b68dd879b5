"""Copies bytes between an examiner's socket and a container's attached stream.

Towards the container they go as they are. From it the engine wraps them in frames: one byte says which
stream, three are zero, four give the length, big-endian. Each frame's header is the engine's, but how many
there are and how long is up to the submission: so nothing is collected here. One buffer per direction; who
does not read stops the other side from being read.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

STDOUT, STDERR = 1, 2
_HEADER_BYTES = 8
_BUFFER_BYTES = 1 << 18


class StreamDamaged(Exception):
    """What the engine sent is not a frame."""


class Demultiplexer:
    """Cuts the engine's stream into pieces of payload. Holds part of a header at most.

    output: called with each piece of standard output, a view that is valid during the call only.
    noise:  called with each piece of standard error.
    """

    def __init__(self, output: Callable[[memoryview], object], noise: Callable[[memoryview], object]) -> None:
        self._sinks = {STDOUT: output, STDERR: noise}
        self._sink = output
        self._left = 0  # bytes of the frame that are still to come
        self._head = b""

    def feed(self, data: memoryview) -> None:
        """Take the next bytes of the stream.

        Raises:
            StreamDamaged: they make no sense.
        """
        while data:
            if not self._left:
                data = self._begin(data)
                continue
            piece, data = data[: self._left], data[self._left :]
            self._left -= len(piece)
            self._sink(piece)

    def _begin(self, data: memoryview) -> memoryview:
        missing = _HEADER_BYTES - len(self._head)
        self._head += data[:missing]
        if len(self._head) == _HEADER_BYTES:
            kind, zeros, self._left = self._head[0], self._head[1:4], int.from_bytes(self._head[4:], "big")
            self._head = b""
            if kind not in self._sinks or zeros != bytes(3):
                raise StreamDamaged(f"A frame of the engine begins with {kind}.")
            self._sink = self._sinks[kind]
        return data[missing:]


def copy_in(channel: socket.socket, stream: socket.socket) -> None:
    """Copy from the examiner to the container until the examiner closes, or either is shut down."""
    view = memoryview(bytearray(_BUFFER_BYTES))
    with contextlib.suppress(OSError):
        while count := channel.recv_into(view):
            stream.sendall(view[:count])
        stream.shutdown(socket.SHUT_WR)  # the harness sees the end of its input


def copy_out(stream: socket.socket, feed: Callable[[memoryview], object]) -> None:
    """Hand all that the engine sends to `feed`, until the container ends or `feed` raises an OSError."""
    view = memoryview(bytearray(_BUFFER_BYTES))
    with contextlib.suppress(OSError):
        while count := stream.recv_into(view):
            feed(view[:count])
