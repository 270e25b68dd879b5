"""Whatever comes out of a container: cut right, bounded, and never waited for by the wrong side."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.sandbox.docker import stream


def frame(kind: int, payload: bytes) -> bytes:
    return bytes([kind, 0, 0, 0]) + len(payload).to_bytes(4, "big") + payload


@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40)), max_size=10),
    st.integers(min_value=1, max_value=30),
)
def test_frames_are_put_together_however_they_were_cut(frames, step):
    out, err = bytearray(), bytearray()
    cutter = stream.Demultiplexer(out.extend, err.extend)
    data = b"".join(frame(kind, payload) for kind, payload in frames)
    for start in range(0, len(data), step):
        cutter.feed(memoryview(data)[start : start + step])
    assert bytes(out) == b"".join(payload for kind, payload in frames if kind == 1)
    assert bytes(err) == b"".join(payload for kind, payload in frames if kind == 2)


@given(st.binary(max_size=100))
def test_damaged_streams_are_refused_or_understood(data):
    out = bytearray()
    with contextlib.suppress(stream.StreamDamaged):
        stream.Demultiplexer(out.extend, lambda _: None).feed(memoryview(data))
    assert len(out) <= len(data)


@pytest.mark.parametrize("head", [b"\x00\0\0\0\0\0\0\1", b"\x03\0\0\0\0\0\0\1", b"\x01\1\0\0\0\0\0\1"])
def test_a_frame_of_no_stream_is_damage(head):
    with pytest.raises(stream.StreamDamaged):
        stream.Demultiplexer(lambda _: None, lambda _: None).feed(memoryview(head))


def test_a_frame_that_claims_much_is_passed_on_as_it_comes():
    pieces = []
    cutter = stream.Demultiplexer(lambda piece: pieces.append(len(piece)), lambda _: None)
    cutter.feed(memoryview(b"\x01\0\0\0\xff\xff\xff\xff" + b"abc"))
    assert pieces == [3]


def test_copying_stops_where_nobody_reads():
    ours, theirs = socket.socketpair()
    examiner, channel = socket.socketpair()
    with ours, theirs, examiner, channel:
        sent = 0
        ours.settimeout(0.5)
        copying = threading.Thread(
            target=stream.copy_out,
            args=(theirs, stream.Demultiplexer(channel.sendall, lambda _: None).feed),
            daemon=True,
        )
        copying.start()
        with contextlib.suppress(TimeoutError):
            while sent < 8 << 20:
                sent += ours.send(frame(1, bytes(1 << 16)))
        assert sent < 8 << 20
        channel.shutdown(socket.SHUT_RDWR)
        copying.join(5)
        assert not copying.is_alive()


def test_the_end_of_the_examiner_is_the_end_of_the_harness_s_input():
    ours, theirs = socket.socketpair()
    examiner, channel = socket.socketpair()
    with ours, theirs, channel:
        copying = threading.Thread(target=stream.copy_in, args=(channel, theirs), daemon=True)
        copying.start()
        examiner.sendall(b"last words")
        examiner.close()
        ours.settimeout(5)
        assert ours.recv(100) == b"last words"
        assert ours.recv(100) == b""
        copying.join(5)


def test_a_small_message_passes_in_a_moment():
    ours, theirs = socket.socketpair()
    examiner, channel = socket.socketpair()
    with ours, theirs, examiner, channel:
        feed = stream.Demultiplexer(channel.sendall, lambda _: None).feed
        threads = [
            threading.Thread(target=stream.copy_in, args=(channel, theirs), daemon=True),
            threading.Thread(target=stream.copy_out, args=(theirs, feed), daemon=True),
        ]
        for thread in threads:
            thread.start()
        times = []
        for _ in range(200):
            started = time.perf_counter()
            examiner.sendall(b"x" * 100)
            ours.sendall(frame(1, ours.recv(1000)))
            examiner.recv(1000)
            times.append(time.perf_counter() - started)
        assert sorted(times)[len(times) // 2] < 0.002  # 0.05 ms on an idle machine
        for end in (channel, theirs):
            end.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
