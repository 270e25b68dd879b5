"""Values: plain data arrives as it was, and forged data is refused."""

from __future__ import annotations

import collections
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.errors import WireError
from grader.wire import messages as m
from grader.wire.bounds import KeyBudget, is_printable
from grader.wire.codec import MOST_DEPTH, NUMPY_DTYPES, TORCH_DTYPES, Decoder, Encoder, NotPlain


def refuse(thing: object) -> m.Handle:
    raise NotPlain(f"{thing!r} is not plain.")


def no_object(handle: m.Handle) -> Any:
    raise WireError(f"handle {handle.id}")


def arrived(value: Any, *, leaves: bool = False) -> Any:
    """The value after its way through the bytes."""
    encoder = Encoder(refuse, leaves=leaves)
    sent = m.encode(m.Reply(1, m.Returned(encoder.encode(value))))
    reply = m.decode_reply(sent)
    assert isinstance(reply.outcome, m.Returned)
    return Decoder([bytearray(buffer) for buffer in encoder.buffers], no_object).decode(reply.outcome.value)


def same(got: Any, value: Any) -> bool:
    """Equality of plain data: types and signs too, and NaN is NaN."""
    if type(got) is not type(value):
        return False
    if isinstance(value, dict):
        return same(list(got.items()), list(value.items()))
    if isinstance(value, list | tuple):
        return len(got) == len(value) and all(same(a, b) for a, b in zip(got, value, strict=True))
    if isinstance(value, float):
        return (math.isnan(got) and math.isnan(value)) or (
            got == value and math.copysign(1, got) == math.copysign(1, value)
        )
    if isinstance(value, complex):
        return same(got.real, value.real) and same(got.imag, value.imag)
    return bool(got == value)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.binary(max_size=8)
    | st.just(...),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers() | st.booleans(), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(plain)
@example({"a": [(1, 2.0), {True: None}]})
@example(2**64 - 1)
@example(-(2**63))
@example(-(16**4090))
@example({})
@example(())
def test_plain_data_arrives_as_it_was(value):
    assert same(arrived(value), value)


def test_slices_dtypes_sizes_and_ordered_dicts():
    assert arrived(slice(1, None, -2)) == slice(1, None, -2)
    assert arrived(torch.bfloat16) is torch.bfloat16
    assert arrived(torch.Size([2, 3])) == (2, 3)
    assert arrived(collections.OrderedDict(b=1, a=2)) == {"b": 1, "a": 2}


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_a_lone_surrogate_becomes_a_question_mark(text):
    assert arrived([text]) == [text.encode("utf-8", "replace").decode()]


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


TENSORS = {
    "0-d": lambda t: t[0, 0],
    "empty": lambda t: t[:0],
    "empty inside": lambda t: t[:, :0, None],
    "transposed": lambda t: t.t(),
    "every second": lambda t: t[::2, 1::2],
    "expanded": lambda t: t[:1].expand(5, -1),
    "one row": lambda t: t[2],
    "many axes": lambda t: t[(None,) * 20],
}


@pytest.mark.parametrize("dtype", sorted(TORCH_DTYPES))
@pytest.mark.parametrize("shape", TENSORS)
def test_tensors(dtype, shape):
    generator = torch.Generator().manual_seed(1)
    base = torch.randint(0, 100, (4, 6), generator=generator).to(getattr(torch, dtype))
    tensor = TENSORS[shape](base)
    got = arrived(tensor)
    assert type(got) is torch.Tensor
    assert (got.dtype, got.shape, bits(got)) == (tensor.dtype, tensor.shape, bits(tensor))
    if got.numel():
        got.flatten()[:1] = 1  # its own memory, writable


def test_special_values_of_tensors_keep_their_bits():
    tensor = torch.tensor([math.nan, math.inf, -math.inf, -0.0, 5e-324])
    assert bits(arrived(tensor)) == bits(tensor)


def test_conjugated_and_negative_views():
    z = torch.tensor([1 + 2j, 3 - 4j])
    for view in (z.conj(), z.conj().imag, z.conj().t()):
        assert torch.equal(arrived(view), view.resolve_conj().resolve_neg())


@pytest.mark.parametrize("dtype", sorted(NUMPY_DTYPES))
@pytest.mark.parametrize(
    "form", ["0-d", "empty", "reversed", "fortran", "swapped bytes", "scalar", "broadcast"]
)
def test_arrays(dtype, form):
    base = np.arange(12).reshape(3, 4).astype(dtype)
    array = {
        "0-d": np.array(base[1, 1]),
        "empty": base[:, :0],
        "reversed": base[::-1, ::-2],
        "fortran": np.asfortranarray(base),
        "swapped bytes": base.astype(base.dtype.newbyteorder()),
        "scalar": base[1, 2],
        "broadcast": np.broadcast_to(base[0], (2, 4)),
    }[form]
    got = arrived(array)
    assert type(got) is type(array)
    assert got.shape == array.shape
    assert got.dtype == base.dtype
    np.testing.assert_array_equal(got, array)


def test_a_leaf_keeps_requires_grad_on_the_examiners_side_only():
    leaf = torch.ones(2, requires_grad=True)
    assert arrived(leaf, leaves=True).requires_grad
    with pytest.raises(NotPlain):
        arrived(leaf)
    with pytest.raises(NotPlain):
        arrived(leaf * 2, leaves=True)


class AlwaysEqual:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__


class Subclass(torch.Tensor):
    pass


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "thing",
    [
        AlwaysEqual(),
        torch.zeros(2).as_subclass(Subclass),
        torch.nn.Parameter(torch.zeros(2)),
        torch.zeros(2).to_sparse(),
        torch.zeros(2, device="meta"),
        Text("a"),
        np.array(["a"]),
        np.array([None]),
        {1, 2},
        [AlwaysEqual()],
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_what_is_not_plain_data_goes_to_the_hook(thing):
    with pytest.raises(NotPlain):
        arrived(thing)


def test_depth_is_capped_on_both_sides():
    value: Any = 1
    for _ in range(MOST_DEPTH):
        value = [value]
    assert arrived(value) == value
    with pytest.raises(NotPlain):
        arrived([[value]])
    wire: m.Value = m.Dots()
    for _ in range(MOST_DEPTH + 1):
        wire = m.Items([wire])
    with pytest.raises(WireError):
        Decoder([], no_object).decode(wire)


# ------------------------------------------------------------------ forged values


def decode(value: m.Value, *buffers: bytes) -> Any:
    return Decoder([bytearray(buffer) for buffer in buffers], no_object).decode(value)


axes = st.one_of(st.integers(-2, 5), st.sampled_from([2**31, 2**32, 2**40, 2**63 - 1, -(2**63)]))
claims = st.builds(
    m.TensorData,
    st.sampled_from(["torch", "numpy", "scalar", "pickle", ""]),
    st.sampled_from([*sorted(TORCH_DTYPES), "object", "qint8", "str", "float128", "__class__", ""]),
    st.lists(axes, max_size=5),
    st.integers(-2, 3),
    st.booleans(),
)


@settings(deadline=None, max_examples=400)
@given(claims, st.lists(st.binary(max_size=70), max_size=3))
@example(m.TensorData("torch", "float32", [0, 2**40], 0), [b""])
@example(m.TensorData("numpy", "float32", [0, 2**40], 0), [b""])
@example(m.TensorData("numpy", "bool", [0], 0), [b""])
@example(m.TensorData("scalar", "float32", [], 0), [b"1234"])
@example(m.TensorData("torch", "complex128", [], 0, True), [b"1" * 16])
@example(m.TensorData("torch", "float32", [1] * 40, 0), [b"1234"])
def test_a_claim_about_a_tensor_is_true_or_refused(claim, buffers):
    try:
        got = decode(claim, *buffers)
    except WireError:
        return
    assert list(got.shape) == claim.shape
    assert str(got.dtype).removeprefix("torch.") == claim.dtype
    array = got.detach().view(torch.uint8).numpy() if claim.dtype == "bfloat16" and got.dim() else got
    if claim.dtype not in {"bool", "bfloat16"}:
        assert (
            np.asarray(array.detach() if isinstance(array, torch.Tensor) else array).tobytes()
            == buffers[claim.buffer]
        )


@pytest.mark.parametrize("family", ["torch", "numpy"])
def test_bytes_that_are_no_booleans_become_booleans(family):
    got = decode(m.TensorData(family, "bool", [4], 0), bytes([0, 1, 7, 255]))
    assert np.asarray(got).tolist() == [False, True, True, True]
    assert np.asarray(got).view(np.uint8).tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (m.Blob(1), "no buffer"),
        (m.Blob(-1), "no buffer"),
        (m.Items([m.Blob(0), m.Blob(0)]), "used twice"),
        (m.TensorData("torch", "float32", [1], 0), "came with"),
        (m.TensorData("scalar", "uint8", [2], 0), "scalar has a shape"),
        (m.Mapping([1, 2], [1]), "more keys"),
        (m.Mapping([m.Items([])], [1]), "cannot be one"),
        (m.Mapping([m.TensorData("numpy", "uint8", [2], 0)], [1]), "cannot be one"),
        (m.BigInt("0x" + "f" * 5000), "too long"),
        (m.BigInt("forty"), "digits"),
        (m.BigInt(""), "digits"),
        (m.Dtype("save"), "dtype"),
        (m.Dtype("load.__globals__"), "dtype"),
        (m.Handle(3), "handle 3"),
    ],
)
def test_forged_values(value, what):
    with pytest.raises(WireError, match=what):
        decode(value, b"ab")


# ------------------------------------------------------------------ what values cost later

MERSENNE = 2**61 - 1  # hashes of numbers are taken modulo this


def test_keys_of_equal_hash_are_few():
    """Two dicts of 4096 keys each, all with one hash: refused before they are compared with each other."""
    big = [5 + MERSENNE * k for k in range(10, 4106)]
    crafted = [complex(12_345_678 - 1_000_003 * k, k) for k in range(4096)]
    assert len({hash(key) for key in big}) == 1
    assert len({hash(key) for key in crafted}) == 1
    value = [dict.fromkeys(range(10)), dict.fromkeys(crafted[:100]), dict.fromkeys(big[:100])]
    assert arrived(value) == value
    for keys in (big, crafted):
        budget = KeyBudget()
        budget.spend(keys[:4096])
        with pytest.raises(WireError):
            budget.spend(keys[:1])


def test_keys_of_honest_dicts_are_accepted():
    table = {(row, column): 0.0 for row in range(60) for column in range(60)}
    edges = {((0, 0), (0, 1)): "a", (np.int64(1), np.float32(2)): "b", (): None}
    words = {f"word {n}": n for n in range(4096)}
    for value in (table, edges, words, {torch.float32: 4}, {1.5: 1, None: 2, b"x": 3}):
        assert arrived(value) == value


@pytest.mark.parametrize(
    "keys",
    [
        [(None,) * 500 + (5 + MERSENNE * k,) for k in range(100)],
        [((),) * 500 + (k,) for k in range(100)],
        [(b"x" * 100, k) for k in range(2)],
        [(slice(None),)],
    ],
)
def test_large_keys_are_refused(keys):
    with pytest.raises(WireError):
        KeyBudget().spend(keys)


def test_a_dict_has_a_largest_size():
    with pytest.raises(WireError, match="4097 entries"):
        decode(m.Mapping(list(range(4097)), [None] * 4097))


@pytest.mark.parametrize(
    "shape",
    [
        [],
        [0],
        [10**9],
        [64, 3, 224, 224],
        [8, 16, 14, 14, 5, 5],
        [6] * 6,
        [1] * 32,
        [2] * 14,
        [2] * 31 + [0],
        [60000, 28, 28],
    ],
)
def test_shapes_that_print_in_a_page_or_so_are_accepted(shape):
    assert is_printable(shape)


@pytest.mark.parametrize("shape", [[2] * 26, [6] * 7, [3] * 12, [6] * 6 + [1] * 26, [2] * 16 + [1000]])
def test_shapes_that_print_without_end_are_refused(shape):
    assert not is_printable(shape)


@pytest.mark.parametrize("family", ["torch", "numpy"])
def test_a_small_message_with_an_endless_text_is_refused(family):
    with pytest.raises(WireError, match="too many axes"):
        decode(m.TensorData(family, "uint8", [2] * 20, 0), bytes(2**20))


@pytest.mark.parametrize(
    "value",
    [
        torch.zeros((2,) * 20, dtype=torch.uint8),
        torch.zeros((1,) * 40),
        np.zeros((2,) * 20, dtype=np.uint8),
        1 << 20_000,
        -(1 << 20_000),
        dict.fromkeys(range(4097)),
    ],
    ids=["tensor", "axes", "array", "int", "negative int", "dict"],
)
def test_what_would_be_refused_is_not_sent(value):
    """So that an honest submission reads what is wrong, in place of losing its sandbox."""
    with pytest.raises(NotPlain, match="sent"):
        arrived(value)
