"""Envelopes: whatever bytes they hold, they are a message of the declared types or a WireError."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.errors import WireError
from grader.wire import messages as m


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
@example(b"")
@example(b"\xc1")
@example(b"\xdd\xff\xff\xff\xff")  # an array of 2**32 - 1 items, none of them there
@example(b"\xdb\xff\xff\xff\xff")  # a text of 4 GB
def test_arbitrary_bytes(data):
    for decode, kind in ((m.decode_reply, m.Reply), (m.decode_request, m.Request)):
        try:
            message = decode(data)
        except WireError:
            continue
        assert type(message) is kind


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)
tagged = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.builds(
        lambda tag, fields: [tag, *fields], st.integers(0, 12), st.lists(inner | st.lists(inner), max_size=4)
    ),
    max_leaves=10,
)


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 5), st.one_of(anything, tagged), st.text(max_size=5))
def test_well_formed_msgpack_of_wrong_shape(number, value, output):
    try:
        data = msgspec.msgpack.encode([number, [40, value], output])
    except (OverflowError, ValueError):
        return
    try:
        reply = m.decode_reply(data)
    except WireError:
        return
    assert isinstance(reply.outcome, m.Returned)
    assert type(reply.outcome.value) in VALUE_TYPES


VALUE_TYPES = {
    *(type(None), bool, int, float, str, m.Items, m.TupleOf, m.Mapping, m.TensorData, m.Complex),
    *(m.BigInt, m.Slice, m.Dots, m.Dtype, m.Handle, m.Blob),
}


def nested(depth: int, opening: bytes = b"\x92\x01\x91") -> bytes:
    """A reply whose value is a list in a list in a list: [1, [...]]."""
    return b"\x93\x01\x92\x28" + opening * depth + b"\xc0" + b"\xa0"


def test_nesting_is_read_up_to_a_depth():
    assert m.decode_reply(nested(64)).id == 1


@pytest.mark.parametrize("depth", [5_000, 600_000])
@pytest.mark.parametrize("opening", [b"\x92\x01\x91", b"\x91"])
def test_deep_nesting_is_refused_and_does_not_crash(depth, opening):
    with pytest.raises(WireError):
        m.decode_reply(nested(depth, opening))


@pytest.mark.parametrize(
    "data",
    [
        [1, [40, 5]],  # without output: the default
        [1, [40, 5], ""],
        [1, [41, "ValueError", "text", False, [["a.py", 3, "f", "x"]]], "out"],
    ],
)
def test_replies_that_are_fine(data):
    assert m.decode_reply(msgspec.msgpack.encode(data)).id == 1


@pytest.mark.parametrize(
    "data",
    [
        [1, [40, 5], "", "more"],
        [1, [40, 5, 6], ""],
        [1, [42, 5], ""],
        [1, [24, 7, [], {}], ""],  # a request's operation
        ["1", [40, 5], ""],
        [1.5, [40, 5], ""],
        [True, [40, 5], ""],
        [1, [40, {"a": 1}], ""],
        [1, [40, [1, 2, 3]], ""],
        [1, [40, [4, "torch", "float32", [2.0], 0]], ""],
        [1, [40, [4, "torch", "float32", None, 0]], ""],
        [1, [40, [10, 2**64]], ""] if False else [1, [40, [10, "7"]], ""],
        [1, [41, "ValueError", "text", 0, []], ""],
        [1, [41, "ValueError", "text", False, [["a.py", 3, "f"]]], ""],
        {"id": 1, "outcome": [40, 5]},
        None,
        [],
        5,
    ],
)
def test_replies_of_wrong_types(data):
    with pytest.raises(WireError):
        m.decode_reply(msgspec.msgpack.encode(data))


def test_text_that_is_no_utf8():
    with pytest.raises(WireError):
        m.decode_reply(b"\x93\x01\x92\x28\xa2\xff\xfe\xa0")


def test_bytes_after_the_message():
    with pytest.raises(WireError):
        m.decode_reply(msgspec.msgpack.encode([1, [40, 5], ""]) + b"\x00")
