"""Frames: what is sent arrives, and whatever else arrives is refused, in time and within the caps."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from grader.errors import WireError
from grader.wire.connection import Connection, ConnectionEnded, DeadlinePassed, FrameCaps

SMALL = FrameCaps(envelope_bytes=1 << 16, buffers=16, buffer_bytes=1 << 20)
MAGIC = b"TGW1"


@contextmanager
def joined(caps: FrameCaps | None = None) -> Iterator[tuple[socket.socket, Connection]]:
    """A bare socket and a connection at its other end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, Connection(theirs, caps)


def frame(envelope: bytes, buffers: tuple[bytes, ...] = ()) -> bytes:
    """The format, written a second time."""
    table = b"".join(struct.pack("<Q", len(buffer)) for buffer in buffers)
    return MAGIC + struct.pack("<II", len(envelope), len(buffers)) + table + envelope + b"".join(buffers)


def sent_by(envelope: bytes, buffers: tuple[bytes, ...]) -> bytes:
    with joined() as (peer, connection):
        thread = threading.Thread(target=connection.send, args=(envelope, buffers))
        thread.start()
        wanted = len(frame(envelope, buffers))
        received = b""
        while len(received) < wanted:
            received += peer.recv(1 << 16)
        thread.join()
        peer.setblocking(False)
        with pytest.raises(BlockingIOError):
            peer.recv(1)
        return received


def receive(data: bytes, caps: FrameCaps = SMALL) -> tuple[bytes, list[bytes]]:
    """What a connection makes of these bytes and the end of the stream."""
    with joined(caps) as (peer, connection):

        def write() -> None:
            try:
                peer.sendall(data)
                peer.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it was refused before it was read in full

        thread = threading.Thread(target=write)
        thread.start()
        try:
            envelope, buffers = connection.receive(timeout=30)
            return bytes(envelope), [bytes(buffer) for buffer in buffers]
        finally:
            connection.close()
            thread.join()


sizes = st.one_of(st.integers(0, 300), st.sampled_from([65_000, 65_536, 65_537, 131_072]))
blobs = st.builds(lambda size, byte: bytes([byte]) * size, sizes, st.integers(0, 255))


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=2000), st.lists(blobs, max_size=6).map(tuple))
@example(b"", ())
@example(b"", (b"",))
@example(b"x" * 65_536, (b"", b"y", b""))
def test_what_is_sent_is_the_documented_format_and_arrives(envelope, buffers):
    data = frame(envelope, buffers)
    assert sent_by(envelope, buffers) == data
    assert receive(data) == (envelope, list(buffers))


def test_more_buffers_than_one_write_takes():
    buffers = tuple(bytes([index % 256]) for index in range(3000))
    caps = FrameCaps(buffers=3000)
    assert sent_by(b"e", buffers) == frame(b"e", buffers)
    assert receive(frame(b"e", buffers), caps) == (b"e", list(buffers))


def test_a_table_longer_than_the_usual_read_is_read():
    count = 10_000  # 80 kB of lengths
    assert receive(frame(b"e", (b"",) * count), FrameCaps(buffers=count))[0] == b"e"


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=400))
@example(b"")
@example(MAGIC)
@example(MAGIC + b"\xff" * 40)
def test_arbitrary_bytes_are_refused_or_are_a_frame(data):
    try:
        envelope, buffers = receive(data)
    except (WireError, ConnectionEnded):
        return
    assert frame(envelope, tuple(buffers)) == data


@st.composite
def mutated_frames(draw) -> bytes:
    """A valid frame with some bytes changed, cut out, doubled or added."""
    data = bytearray(
        frame(draw(st.binary(max_size=40)), tuple(draw(st.lists(st.binary(max_size=20), max_size=3))))
    )
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["change", "cut", "double", "add", "header"])):
            case "change" if data:
                data[place] ^= draw(st.integers(1, 255))
            case "cut":
                del data[place : place + draw(st.integers(1, 12))]
            case "double":
                data += data[:place]
            case "add":
                data[place:place] = draw(st.binary(min_size=1, max_size=9))
            case "header" if len(data) >= 12:
                data[4:12] = struct.pack(
                    "<II", draw(st.integers(0, 2**32 - 1)), draw(st.integers(0, 2**32 - 1))
                )
    return bytes(data)


@settings(deadline=None, max_examples=300)
@given(mutated_frames())
def test_a_damaged_frame_is_refused_or_is_a_frame(data):
    try:
        envelope, buffers = receive(data)
    except (WireError, ConnectionEnded):
        return
    assert frame(envelope, tuple(buffers)) == data


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 2**64 - 1), max_size=20),
    st.binary(max_size=100),
)
@example(2**32 - 1, 0, [], b"")
@example(0, 1, [2**64 - 1], b"")
@example(0, 2, [2**64 - 1, 1], b"")
@example(0, 1, [1 << 20], b"")
@example(1 << 16, 16, [1 << 16] * 16, b"")
def test_claimed_lengths_never_cost_more_memory_than_the_caps_allow(envelope, count, lengths, rest):
    data = (
        MAGIC
        + struct.pack("<II", envelope, count)
        + b"".join(struct.pack("<Q", size) for size in lengths)
        + rest
    )
    tracemalloc.start()
    try:
        with contextlib.suppress(WireError, ConnectionEnded):
            receive(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < SMALL.envelope_bytes + SMALL.buffer_bytes + (1 << 20)


@pytest.mark.parametrize("length", [0, 3, 11, 12, 15, 19, 20, 24, 25, 27])
def test_a_frame_that_stops_early_is_the_end(length):
    data = frame(b"hello", (b"abc",))
    assert len(data) == 28
    with pytest.raises(ConnectionEnded):
        receive(data[:length])


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"POST" + bytes(8), "not a message"),
        (b"TGW2" + bytes(8), "not a message"),
        (MAGIC + struct.pack("<II", 2**32 - 1, 0), "over the cap"),
        (MAGIC + struct.pack("<II", 0, 2**32 - 1), "over the cap"),
        (MAGIC + struct.pack("<IIQ", 0, 1, 4 << 30), "over the cap"),
        (MAGIC + struct.pack("<IIQQ", 0, 2, 2**64 - 1, 2), "over the cap"),
    ],
)
def test_a_forged_header_is_refused_at_once_by_the_default_caps(head, what):
    with joined() as (peer, connection):
        peer.sendall(head)
        with pytest.raises(WireError, match=what):
            connection.receive()  # without a timeout: it must not wait for the rest


def test_bytes_after_a_frame_are_out_of_turn():
    with joined() as (peer, connection):
        peer.sendall(frame(b"one") + frame(b"two"))
        with pytest.raises(WireError, match="out of turn"):
            connection.receive(timeout=30)


def test_unread_tells_whether_something_waits():
    with joined() as (peer, connection):
        assert not connection.unread()
        peer.sendall(b"x")
        assert connection.unread()


def test_the_end_of_the_stream_is_not_unread_data():
    with joined() as (peer, connection):
        peer.sendall(b"x")
        peer.close()
        assert connection.unread()
    with joined() as (peer, connection):
        peer.close()
        with pytest.raises(ConnectionEnded):
            connection.unread()


@pytest.mark.parametrize("first", [b"", MAGIC, frame(b"hello", (b"abc",))[:-1]])
def test_silence_ends_at_the_deadline(first):
    with joined() as (peer, connection):
        peer.sendall(first)
        with pytest.raises(DeadlinePassed):
            connection.receive(timeout=0.05)


def test_a_trickle_ends_at_the_deadline():
    """Every byte is in time by itself; the frame is not."""
    data, stop = frame(b"x" * 100_000), threading.Event()
    with joined() as (peer, connection):

        def trickle() -> None:
            for byte in data:
                if stop.wait(0.005):
                    return
                peer.send(bytes([byte]))

        thread = threading.Thread(target=trickle)
        thread.start()
        started = time.monotonic()
        with pytest.raises(DeadlinePassed):
            connection.receive(timeout=0.2)
        assert time.monotonic() - started < 100  # 500 s of bytes
        stop.set()
        thread.join()


def test_a_peer_that_does_not_read_ends_at_the_deadline():
    with joined() as (_peer, connection), pytest.raises(DeadlinePassed):
        connection.send(b"", [bytes(32 << 20)], timeout=0.05)


def test_a_peer_that_is_gone():
    with joined() as (peer, connection):
        peer.close()
        with pytest.raises(ConnectionEnded):
            connection.receive(timeout=30)
        with pytest.raises(ConnectionEnded):
            connection.send(b"x" * (1 << 20), timeout=30)
