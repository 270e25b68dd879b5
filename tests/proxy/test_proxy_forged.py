"""The other side as an attacker writes it: every reply by hand. Each lie costs its own request only."""

from __future__ import annotations

import contextlib
import math
import socket
import struct
import time
from collections.abc import Callable

import pytest

from grader.errors import (
    CallTimeout,
    NotImplementedYet,
    RemoteException,
    SandboxDied,
    StudentCodeError,
    WireError,
)
from grader.proxy.remote import Remote, describe, is_remote, located
from grader.sandbox.base import Limits
from grader.sandbox.fake import FakeBackend
from grader.wire import messages as m
from grader.wire.connection import Connection, ConnectionEnded, FrameCaps

Answer = Callable[[m.Request], bytes]


def frame(envelope: bytes, *buffers: bytes) -> bytes:
    table = b"".join(struct.pack("<Q", len(buffer)) for buffer in buffers)
    return b"TGW1" + struct.pack("<II", len(envelope), len(buffers)) + table + envelope + b"".join(buffers)


def value(value: m.Value, *buffers: bytes, output: str = "") -> Answer:
    return lambda request: frame(m.encode(m.Reply(request.id, m.Returned(value), output)), *buffers)


def raised(*fields: object) -> Answer:
    return lambda request: frame(m.encode(m.Reply(request.id, m.Raised(*fields))))


def raw(data: bytes) -> Answer:
    return lambda _request: data


LOADED = value(m.Items([]))
MODULE = value(m.Handle(1, "module", "builtins.module"))


class Forger:
    """Every sandbox is loaded and then gives these answers, one after the other; the last again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.asked: list[m.Request] = []
        self.sandboxes = 0
        self.backend = FakeBackend(self._serve)
        self._answers = answers

    def _serve(self, channel: socket.socket, _limits: Limits) -> None:
        self.sandboxes += 1
        connection, count = Connection(channel, FrameCaps(buffers=1 << 12)), 0
        try:
            while True:
                envelope, _ = connection.receive()
                request = m.decode_request(envelope)
                if isinstance(request.operation, m.Load):
                    answer = LOADED
                else:
                    self.asked.append(request)
                    answer = self._answers[min(count, len(self._answers) - 1)]
                    count += 1
                channel.settimeout(None)
                channel.sendall(answer(request))
        except (ConnectionEnded, OSError):
            return


@pytest.fixture
def forged(hand_in):
    """forged(*answers): the root of a submission that answers so."""
    forgers = []

    def make(*answers: Answer, **plan: float):
        forgers.append(Forger(*answers))
        root = hand_in("", backend=forgers[-1].backend, **plan)
        root.forger = forgers[-1]
        return root

    yield make
    for forger in forgers:
        forger.backend.close()


def reply(id: int, outcome: m.Returned | m.Raised) -> bytes:
    return frame(m.encode(m.Reply(id, outcome)))


BROKEN = {
    "no frame": raw(b"HTTP/1.1 200 OK\r\n\r\n"),
    "4 GB": raw(b"TGW1" + struct.pack("<IIQ", 0, 1, 4 << 30)),
    "endless envelope": raw(b"TGW1" + struct.pack("<II", 0xFFFFFFFF, 0)),
    "no msgpack": raw(frame(b"\xc1")),
    "empty": raw(frame(b"")),
    "wrong id": lambda request: reply(request.id + 1, m.Returned(1)),
    "old id": lambda request: reply(0, m.Returned(1)),
    "negative id": lambda request: reply(-request.id, m.Returned(1)),
    "two at once": lambda request: reply(request.id, m.Returned(1)) * 2,
    "a question": lambda request: frame(m.encode(m.Request(request.id, m.Get(1, "x")))),
    "deep": raw(frame(b"\x93\x01\x92\x28" + b"\x92\x01\x91" * 100_000)),
    "lying shape": value(m.TensorData("torch", "float32", [2, 2], 0), b"short"),
    "huge shape": value(m.TensorData("torch", "float32", [2**62, 4], 0), b""),
    "endless text": value(m.TensorData("torch", "uint8", [2] * 20, 0), bytes(2**20)),
    "odd dtype": value(m.TensorData("torch", "quint8", [1], 0), b"x"),
    "pickled": value(m.TensorData("pickle", "object", [1], 0), b"x"),
    "same bytes twice": value(m.Items([m.Blob(0), m.Blob(0)]), b"x"),
    "bytes that are not there": value(m.Blob(3)),
    "keys that are none": value(m.Mapping([m.Items([])], [1])),
    "more keys than values": value(m.Mapping([1, 2], [1])),
    "keys that collide": value(
        m.Mapping([m.Complex(12345678 - 1000003 * k, k) for k in range(5000)], [0] * 5000)
    ),
}


@pytest.mark.parametrize("lie", BROKEN)
def test_a_broken_reply_costs_its_own_request(forged, lie):
    root = forged(MODULE, BROKEN[lie])
    solution = root.solution
    with pytest.raises(WireError):
        _ = solution.anything
    assert isinstance(root.solution, Remote)  # of the next sandbox
    assert root.forger.sandboxes == 2


def test_booleans_are_made_of_zeros_and_ones(forged):
    result = forged(value(m.TensorData("torch", "bool", [3], 0), b"\x00\x07\xff")).solution
    assert result.tolist() == [False, True, True]
    assert int(result.sum()) == 2


def test_an_early_reply_to_the_next_question(forged):
    """Once it is there, the next question is not even asked."""
    root = forged(
        MODULE, lambda request: reply(request.id, m.Returned(1)) + reply(request.id + 1, m.Returned(2))
    )
    solution = root.solution
    with pytest.raises(WireError, match="out of turn"):
        _ = solution.first
    assert [type(request.operation) for request in root.forger.asked] == [m.Import, m.Get]


@pytest.fixture
def interrupted(hand_in):
    """A submission that has been loaded and then wrote something by itself; again in every new sandbox."""
    channels: list[socket.socket] = []

    def serve(channel: socket.socket, _limits: Limits) -> None:
        connection = Connection(channel)
        with contextlib.suppress(ConnectionEnded):
            envelope, _ = connection.receive()
            channel.sendall(reply(m.decode_request(envelope).id, m.Returned(m.Items([]))))
            channels.append(channel)
            connection.receive()

    root = hand_in("", backend=FakeBackend(serve))

    def interrupt() -> None:
        root.session.ready()
        while not channels:
            time.sleep(0.001)
        channels.pop().sendall(b"by itself")

    root.interrupt = interrupt
    return root


def test_unasked_bytes_cost_the_question_before_which_they_are_found(interrupted):
    interrupted.interrupt()
    with pytest.raises(WireError, match="by itself"):
        _ = interrupted.solution


def test_unasked_bytes_of_an_earlier_test_cost_the_next_one_nothing(interrupted):
    interrupted.interrupt()
    before = interrupted.session.generation
    interrupted.session.begin_test(time.monotonic() + 30)
    interrupted.session.ready()
    assert interrupted.session.generation == before + 1


@pytest.mark.parametrize(
    "answer", [lambda _: b"", lambda _: b"TGW1", lambda request: reply(request.id, m.Returned(1))[:-1]]
)
def test_silence_ends_at_the_deadline(forged, answer):
    root = forged(MODULE, answer, call_seconds=0.1)
    solution = root.solution
    with pytest.raises(CallTimeout):
        _ = solution.anything


def test_a_channel_that_is_closed(forged):
    def close(_request: m.Request) -> bytes:
        raise OSError

    root = forged(MODULE, close)
    solution = root.solution
    with pytest.raises(SandboxDied):
        _ = solution.anything


# ------------------------------------------------------------------ where only some values make sense

PLAIN = [None, 5, "text", m.Items([]), m.Mapping([], []), m.Dots(), m.Complex(1, 2)]


@pytest.mark.parametrize("thing", PLAIN)
def test_data_where_a_module_is_asked_for(forged, thing):
    """A test trips over it, and once more without a request: that too is the submission's doing."""
    root = forged(value(thing))
    for _ in range(2):
        before = root.session.calls
        assert not isinstance(root.solution, Remote)
        assert root.session.calls > before


@pytest.mark.parametrize("thing", [None, 5, "abc", m.Mapping([], []), m.TupleOf([1])])
def test_iteration_gives_a_list_or_nothing(forged, thing):
    root = forged(MODULE, value(thing))
    with pytest.raises(WireError):
        iter(root.solution)


@pytest.mark.parametrize("thing", [None, True, 2.0, -1, "3", m.Items([1])])
def test_a_length_is_a_number_or_nothing(forged, thing):
    root = forged(MODULE, value(thing))
    with pytest.raises(WireError):
        len(root.solution)


@pytest.mark.parametrize("thing", [2**63, 2**64 - 1, m.BigInt("0x" + "f" * 100)])
def test_a_length_that_python_cannot_take(forged, thing):
    root = forged(MODULE, value(thing))
    with pytest.raises((OverflowError, WireError)):
        len(root.solution)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        5,
        m.Mapping(["name"], ["x"]),
        m.Items([5]),
        m.Items([m.Mapping(["name", "type"], ["x", "y"])]),
        m.Items([m.Mapping(["name", "type", "config"], ["x", "y", 3])]),
        m.Items([m.Mapping(["name", "type", "config", "more"], ["x", "y", m.Mapping([], []), 1])]),
    ],
)
def test_a_description_is_a_list_of_modules_or_nothing(forged, rows):
    root = forged(MODULE, value(rows))
    with pytest.raises(WireError):
        describe(root.solution)


@pytest.mark.parametrize("thing", [1, "yes", m.Items([True]), m.Handle(1)])
def test_only_true_is_true(forged, thing):
    root = forged(MODULE, value(thing))
    assert is_remote(root.solution, "torch.nn.Module") is False


@pytest.mark.parametrize(
    "thing",
    [None, m.Items(["a.py", 3]), m.TupleOf(["a.py"]), m.TupleOf([3, "a.py"]), m.TupleOf(["a.py", True])],
)
def test_a_place_is_a_file_and_a_line_or_nothing(forged, thing):
    root = forged(MODULE, value(thing))
    assert located(root.solution) is None


SKIPPED = [
    m.Handle(1),
    None,
    5,
    m.Items([1]),
    m.Items([m.TupleOf([1, 2, 3])]),
    m.Items([m.TupleOf(["1", "x", "y"])]),
    m.Items([m.TupleOf([1, "x"])]),
]


@pytest.mark.parametrize("rows", SKIPPED)
def test_what_loading_says_is_checked(hand_in, rows):
    def serve(channel: socket.socket, _limits: Limits) -> None:
        connection = Connection(channel)
        try:
            while True:
                envelope, _ = connection.receive()
                request = m.decode_request(envelope)
                loading = isinstance(request.operation, m.Load)
                channel.sendall(reply(request.id, m.Returned(rows if loading else 1.5)))
        except (ConnectionEnded, OSError):
            return

    root = hand_in("", backend=FakeBackend(serve))
    root.session.begin_test(time.monotonic() + 30)
    with pytest.raises(WireError):
        _ = root.solution
    assert root.session.deadline is not None
    assert isinstance(root.session.load_error, StudentCodeError)


def test_skipped_lines_are_few_and_short(hand_in):
    row = m.TupleOf([2**62, "s" * 10_000, "w" * 10_000])

    def serve(channel: socket.socket, _limits: Limits) -> None:
        connection = Connection(channel)
        try:
            while True:
                envelope, _ = connection.receive()
                request = m.decode_request(envelope)
                if request.operation.salvage:
                    channel.sendall(reply(request.id, m.Returned(m.Items([row] * 100))))
                else:
                    channel.sendall(reply(request.id, m.Raised("E" * 100_000, "m" * 100_000, False, [])))
        except (ConnectionEnded, OSError):
            return

    root = hand_in("", backend=FakeBackend(serve))
    root.session.ready()
    assert len(root.session.salvage.skipped) == 100
    assert all(len(source) <= 200 >= len(why) for _, source, why in root.session.salvage.skipped)
    assert len(root.session.salvage.reason) < 5000


# ------------------------------------------------------------------ what was said to go wrong

LINE = m.TracebackLine("f" * 10_000, 2**63, "n" * 10_000, "s" * 10_000)


def test_an_exception_is_cut_to_size(forged):
    root = forged(MODULE, raised("T" * 100_000, "m" * 100_000, False, [LINE] * 50))
    solution = root.solution
    with pytest.raises(RemoteException) as caught:
        _ = solution.anything
    error = caught.value
    assert len(error.frames) == 12
    assert len(str(error)) < 5000
    assert (
        sum(len(frame.file) + len(frame.function) + len(frame.source) for frame in error.frames) <= 12 * 6000
    )


def test_a_stub_is_cut_to_size(forged):
    root = forged(MODULE, raised("T" * 100_000, "m" * 100_000, True, [LINE] * 50))
    solution = root.solution
    with pytest.raises(NotImplementedYet) as caught:
        _ = solution.anything
    assert len(str(caught.value)) < 10_000


def test_output_is_cut_to_size(forged):
    root = forged(value(1, output="o" * 1_000_000))
    for _ in range(3):
        root.session._cache.clear()
        assert root.solution == 1
    assert len(root.session.drain_output()) == 1 << 16


def test_claims_about_an_object_are_only_shown(forged):
    root = forged(value(m.Handle(2**64 - 1, "k" * 1000, "t" * 1000)))
    assert root.solution._handle.id == 2**64 - 1
    assert "in the sandbox" in repr(root.solution)


def test_handles_are_released_to_their_own_sandbox_only(forged):
    root = forged(MODULE, value(m.Items([m.Handle(7), m.Handle(8)])), MODULE)
    things = root.solution.things
    root.session.stop()
    del things
    _ = root.solution
    assert [request.release for request in root.forger.asked][-1] == []


def test_numbers_of_every_kind_arrive(forged):
    root = forged(
        MODULE,
        value(
            m.Items(
                [math.nan, math.inf, -0.0, 2**64 - 1, m.BigInt("-0x1" + "0" * 4000), m.Complex(math.nan, 1)]
            )
        ),
    )
    got = root.solution.numbers
    assert math.isnan(got[0])
    assert got[1] == math.inf
    assert got[3:5] == [2**64 - 1, -(16**4000)]
