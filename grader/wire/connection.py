"""Frames over a stream socket, with caps and a deadline.

A frame is

    magic    4 bytes    b"TGW1"
    lengths  u32, u32   bytes of the envelope, number of buffers
    table    u64 each   bytes of each buffer
    envelope            msgpack
    buffers             back to back

The two sides take turns, so at most one frame is on its way. A byte too many is therefore a forgery or a
fault, and ends the connection.
"""

from __future__ import annotations

import functools
import os
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

from grader.errors import WireError

Buffer = bytes | bytearray | memoryview

_MAGIC = b"TGW1"
_HEADER = struct.Struct("<4sII")
_SCRATCH = 1 << 16  # a frame up to this size arrives in one system call; more where the table may be longer
_MOST_VECTORS = 512  # below IOV_MAX
_SMALL = 1 << 12  # a frame up to this size is copied into one piece: cheaper than sending several
_MOMENT = 25_000  # ns
_TICK = struct.pack("ll", 0, 10_000)  # struct timeval: how often a reader with a deadline looks at the clock


@dataclass(frozen=True)
class FrameCaps:
    """The largest frame that is accepted."""

    envelope_bytes: int = 2 << 20
    buffers: int = 4096
    buffer_bytes: int = 256 << 20  # of all buffers together

    def allow(self, envelope: bytes, buffers: Sequence[Buffer]) -> bool:
        """Whether a frame of these would be accepted."""
        within = len(envelope) <= self.envelope_bytes and len(buffers) <= self.buffers
        return within and sum(map(len, buffers)) <= self.buffer_bytes


class ConnectionEnded(Exception):
    """The other side is gone."""


class DeadlinePassed(Exception):
    """The other side did not answer, or did not read, in time."""


class Connection:
    """One end. `timeout` arguments are seconds for the whole frame; None waits for ever."""

    def __init__(self, channel: socket.socket, caps: FrameCaps | None = None) -> None:
        channel.settimeout(None)  # deadlines are kept here: fewer system calls than a timeout per call
        self._socket = channel
        self._ticks = False
        self._readable = _poll(channel, select.POLLIN)
        self._writable = _poll(channel, select.POLLOUT)
        self._caps = caps or FrameCaps()
        self._scratch = bytearray(max(_SCRATCH, _HEADER.size + 8 * self._caps.buffers))
        self._view = memoryview(self._scratch)

    def send(self, envelope: bytes, buffers: Sequence[Buffer] = (), timeout: float | None = None) -> None:
        """Write one frame.

        Raises:
            ConnectionEnded: the other side is gone.
            DeadlinePassed: it does not read.
        """
        lengths = list(map(len, buffers))
        head = _HEADER.pack(_MAGIC, len(envelope), len(lengths))
        head += _table(len(lengths)).pack(*lengths) + envelope
        if len(head) + sum(lengths) <= _SMALL:
            self._write([b"".join((head, *buffers))], timeout)
        else:
            self._write([head, *filter(len, buffers)], timeout)

    def receive(self, timeout: float | None = None) -> tuple[memoryview, list[bytearray]]:
        """Read one frame: its envelope (valid until the next call) and its buffers.

        Raises:
            WireError: the bytes are not a frame, or it is over a cap.
            ConnectionEnded, DeadlinePassed: as in `send`.
        """
        clock = _Clock(timeout)
        if timeout is not None:
            self._linger()
        have = self._at_least(_HEADER.size, 0, clock)
        magic, envelope_length, count = _HEADER.unpack_from(self._scratch)
        if magic != _MAGIC:
            raise WireError("The bytes received are not a message.")
        if envelope_length > self._caps.envelope_bytes or count > self._caps.buffers:
            raise WireError(f"A message of {envelope_length} bytes with {count} buffers is over the cap.")
        head = _HEADER.size + 8 * count
        have = self._at_least(head, have, clock)
        lengths = _table(count).unpack_from(self._scratch, _HEADER.size)
        if sum(lengths) > self._caps.buffer_bytes:
            raise WireError(
                f"A message with {sum(lengths)} bytes of data is over the cap of {self._caps.buffer_bytes}."
            )
        missing = head + envelope_length + sum(lengths) - have
        if missing < 0:
            raise WireError("Bytes arrived out of turn.")
        if missing:
            return self._body(head, envelope_length, lengths, have, clock)
        end = head + envelope_length
        envelope, buffers = self._view[head:end], []
        for length in lengths:
            buffers.append(bytearray(self._view[end : end + length]))
            end += length
        return envelope, buffers

    def _linger(self) -> None:
        """Look for the answer for a moment before sleeping, giving way to whoever else wants to run.

        To fall asleep and be woken, on another processor than the one that answers, takes longer than most
        answers: 62 us for a small call instead of 44.
        """
        end = time.monotonic_ns() + _MOMENT
        while not self._readable.poll(0) and time.monotonic_ns() < end:
            os.sched_yield()

    def unread(self) -> bool:
        """Whether something arrived that nobody asked for.

        Raises:
            ConnectionEnded: the other side is gone, and nothing is left to read.
        """
        if not self._readable.poll(0):
            return False
        try:
            first = self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError as error:
            raise ConnectionEnded from error
        if not first:
            raise ConnectionEnded
        return True

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _body(
        self, head: int, envelope_length: int, lengths: tuple[int, ...], have: int, clock: _Clock
    ) -> tuple[memoryview, list[bytearray]]:
        arrived = _Arrived(self._view[head:have])
        envelope = self._piece(envelope_length, arrived, clock)
        return memoryview(envelope), [self._piece(length, arrived, clock) for length in lengths]

    def _piece(self, length: int, arrived: _Arrived, clock: _Clock) -> bytearray:
        """The next `length` bytes: first what the scratch already holds, the rest from the socket."""
        first = arrived.take(length)
        if len(first) == length:
            return bytearray(first)
        piece = bytearray(length)
        piece[: len(first)] = first
        self._read(memoryview(piece)[len(first) :], clock)
        return piece

    def _at_least(self, wanted: int, have: int, clock: _Clock) -> int:
        while have < wanted:
            have += self._receive_some(self._view[have:], clock)
        return have

    def _read(self, view: memoryview, clock: _Clock) -> None:
        while len(view):
            view = view[self._receive_some(view, clock) :]

    def _receive_some(self, view: memoryview, clock: _Clock) -> int:
        if clock.end is not None and not self._ticks:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TICK)
            self._ticks = True
        while True:
            clock.check()  # also where bytes arrive in a trickle
            try:
                count = self._socket.recv_into(view)
            except BlockingIOError:  # a tick
                continue
            except OSError as error:
                raise ConnectionEnded from error
            if count == 0:
                raise ConnectionEnded
            return count

    def _write(self, pieces: Sequence[Buffer], timeout: float | None) -> None:
        clock = _Clock(timeout)
        flags = 0 if timeout is None else socket.MSG_DONTWAIT
        while pieces:
            try:
                sent = self._send_some(pieces, flags)
            except BlockingIOError:
                clock.wait(self._writable)
                continue
            except OSError as error:
                raise ConnectionEnded from error
            pieces = _after(pieces, sent)

    def _send_some(self, pieces: Sequence[Buffer], flags: int) -> int:
        if len(pieces) == 1:
            return self._socket.send(pieces[0], flags)  # cheaper for small frames
        return self._socket.sendmsg(pieces[:_MOST_VECTORS], (), flags)


class _Arrived:
    """Bytes that came along with the header."""

    def __init__(self, view: memoryview) -> None:
        self._view = view

    def take(self, most: int) -> memoryview:
        piece, self._view = self._view[:most], self._view[most:]
        return piece


class _Clock:
    """What is left of a timeout."""

    __slots__ = ("end",)

    def __init__(self, timeout: float | None) -> None:
        self.end = None if timeout is None else time.monotonic() + timeout

    def check(self) -> None:
        """Raises `DeadlinePassed` once it has."""
        if self.end is not None and time.monotonic() >= self.end:
            raise DeadlinePassed

    def wait(self, ready: select.poll) -> None:
        """Wait until a poll object is ready; without a timeout the call that follows waits by itself."""
        if self.end is not None and not ready.poll(max(0.0, self.end - time.monotonic()) * 1000):
            raise DeadlinePassed


@functools.cache
def _table(count: int) -> struct.Struct:
    """The lengths of so many buffers; there are at most as many of these as a frame may have buffers."""
    return struct.Struct(f"<{count}Q")


def _poll(channel: socket.socket, event: int) -> select.poll:
    poll = select.poll()
    poll.register(channel, event)
    return poll


def _after(pieces: Sequence[Buffer], sent: int) -> Sequence[Buffer]:
    """What is left of the pieces when so many bytes of them are sent."""
    for index, piece in enumerate(pieces):
        if sent < len(piece):
            return [memoryview(piece)[sent:], *pieces[index + 1 :]]
        sent -= len(piece)
    return []
