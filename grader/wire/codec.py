"""Python values to wire values and back. Plain data goes by value; what the caller's hook takes goes as
a handle.

Decoding is where hostile bytes become tensors, so every claim is checked: the dtype is on the list, the
shape is small and non-negative, the
buffer exists, is used once, and has exactly prod(shape) * itemsize bytes.
"""

from __future__ import annotations

import collections
import functools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.errors import WireError
from grader.wire import messages as m
from grader.wire.bounds import MOST_ENTRIES, KeyBudget, is_printable
from grader.wire.connection import Buffer

if TYPE_CHECKING:
    import torch

MOST_DEPTH = 64
MOST_AXES = 32
_LARGEST_AXIS = 1 << 40
_LARGEST_INT_DIGITS = 4096  # hexadecimal: 16384 bits

TORCH_DTYPES = frozenset(
    {"float16", "bfloat16", "float32", "float64", "complex64", "complex128"}
    | {"uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool"}
)
NUMPY_DTYPES = TORCH_DTYPES - {"bfloat16"}
_ITEM_BYTES = {name: np.dtype(name).itemsize for name in NUMPY_DTYPES} | {"bfloat16": 2}


class NotPlain(Exception):
    """A value that cannot be sent: too large, or not plain data and not taken by the hook."""


class Encoder:
    """Encodes the values of one message; `buffers` fills up on the way.

    `as_handle` is asked for every object that is not plain data.
    `leaves` sends a tensor with requires_grad but no graph by value (the examiner's side).
    """

    def __init__(self, as_handle: Callable[[object], m.Handle], *, leaves: bool = False) -> None:
        self.buffers: list[Buffer] = []
        self._as_handle = as_handle
        self._leaves = leaves

    def encode(self, value: Any, depth: int = 0) -> m.Value:
        """One value. Raises `NotPlain` if it is too deep, or what the hook raises."""
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return value  # type: ignore[no-any-return]
        if depth > MOST_DEPTH:
            raise NotPlain(f"A value is nested deeper than {MOST_DEPTH} levels.")
        rule = _RULES.get(kind)
        if rule is not None:
            return rule(self, value, depth)
        return self._special(value)

    def buffer(self, data: Buffer) -> int:
        """Add raw bytes; their number in this message."""
        self.buffers.append(data)
        return len(self.buffers) - 1

    def _special(self, value: Any) -> m.Value:
        """Types of torch and numpy, found without importing either."""
        module = type(value).__module__
        if module == "torch":
            _know_torch()
            return self._torch(value)
        if (
            module == "numpy"
            and isinstance(value, np.ndarray | np.generic)
            and value.dtype.name in NUMPY_DTYPES
        ):
            family = "scalar" if isinstance(value, np.generic) else "numpy"
            return self._array(np.asarray(value), family)
        return self._as_handle(value)

    def _plain_tensor(self, tensor: torch.Tensor, _: int) -> m.Value:
        """A tensor of torch's own class."""
        return self._tensor(tensor) if self._by_value(tensor) else self._as_handle(tensor)

    def _torch(self, value: Any) -> m.Value:
        import torch

        if type(value) is torch.Tensor:
            return self._plain_tensor(value, 0)
        if isinstance(value, torch.Size):
            return m.TupleOf(list(value))
        if isinstance(value, torch.dtype):
            return m.Dtype(str(value).removeprefix("torch."))
        return self._as_handle(value)

    def _by_value(self, tensor: torch.Tensor) -> bool:
        import torch

        if tensor.requires_grad and not (self._leaves and tensor.grad_fn is None):
            return False
        if tensor.layout is not torch.strided or tensor.is_meta or tensor.is_nested:
            return False
        return str(tensor.dtype)[6:] in TORCH_DTYPES

    def _tensor(self, tensor: torch.Tensor) -> m.TensorData:
        _check_sendable(tensor.shape)
        plain = tensor.detach()
        if plain.is_complex() or plain.is_neg():
            plain = plain.resolve_conj().resolve_neg()
        index = self.buffer(_bytes_of(plain.cpu().contiguous()))
        return m.TensorData("torch", str(tensor.dtype)[6:], list(tensor.shape), index, tensor.requires_grad)

    def _array(self, array: np.ndarray[Any, Any], family: str) -> m.TensorData:
        _check_sendable(array.shape)
        native = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
        index = self.buffer(native.reshape(-1).view(np.uint8).data)
        return m.TensorData(family, native.dtype.name, list(array.shape), index)

    def _items(self, value: Sequence[Any], depth: int) -> list[m.Value]:
        return [self.encode(item, depth + 1) for item in value]

    def _int(self, value: int, _: int) -> m.Value:
        if -(2**63) <= value < 2**63:
            return value
        if len(digits := hex(value)) > _LARGEST_INT_DIGITS:
            raise NotPlain(f"An integer of {value.bit_length()} bits is too large to be sent.")
        return m.BigInt(digits)

    def _str(self, value: str, _: int) -> m.Value:
        return value if value.isascii() else value.encode("utf-8", "replace").decode()

    def _dict(self, value: dict[Any, Any], depth: int) -> m.Value:
        if len(value) > MOST_ENTRIES:
            raise NotPlain(f"A dict of {len(value)} entries is too large to be sent (most: {MOST_ENTRIES}).")
        return m.Mapping(self._items(list(value), depth), self._items(list(value.values()), depth))

    def _slice(self, value: slice, depth: int) -> m.Value:
        return m.Slice(*self._items((value.start, value.stop, value.step), depth))


_Rule = Callable[[Encoder, Any, int], m.Value]
_RULES: dict[type, _Rule] = {
    int: Encoder._int,
    str: Encoder._str,
    bytes: lambda self, value, _: m.Blob(self.buffer(value)),
    complex: lambda _self, value, _: m.Complex(value.real, value.imag),
    list: lambda self, value, depth: m.Items(self._items(value, depth)),
    tuple: lambda self, value, depth: m.TupleOf(self._items(value, depth)),
    dict: Encoder._dict,
    collections.OrderedDict: Encoder._dict,
    slice: Encoder._slice,
    type(...): lambda _self, _value, _depth: m.Dots(),
}


@functools.cache
def _know_torch() -> None:
    """Once a tensor was seen, the next one is recognised at once."""
    import torch

    _RULES[torch.Tensor] = Encoder._plain_tensor


class Decoder:
    """Decodes the values of one message. `as_object` turns a handle into what stands for it on this side."""

    def __init__(self, buffers: Sequence[bytearray], as_object: Callable[[m.Handle], Any]) -> None:
        self._buffers: list[bytearray | None] = list(buffers)
        self._as_object = as_object
        self._keys = KeyBudget()

    def decode(self, value: m.Value, depth: int = 0) -> Any:
        """One value.

        Raises:
            WireError: a claim about its data is false.
        """
        kind = type(value)
        if value is None or kind is float or kind is int or kind is str or kind is bool:
            return value
        if depth > MOST_DEPTH:
            raise WireError(f"A value is nested deeper than {MOST_DEPTH} levels.")
        return _READERS[kind](self, value, depth)

    def take(self, index: int) -> bytearray:
        """A buffer, each one once."""
        if not 0 <= index < len(self._buffers):
            raise WireError(f"There is no buffer {index}.")
        data, self._buffers[index] = self._buffers[index], None
        if data is None:
            raise WireError(f"Buffer {index} is used twice.")
        return data

    def _tensor(self, value: m.TensorData, _: int) -> Any:
        allowed = TORCH_DTYPES if value.family == "torch" else NUMPY_DTYPES
        if value.dtype not in allowed or value.family not in {"torch", "numpy", "scalar"}:
            raise WireError(f"{value.family!r} data of type {value.dtype!r} is not accepted.")
        data = self.take(value.buffer)
        _check_shape(value.shape, len(data), _ITEM_BYTES[value.dtype])
        return _torch_tensor(value, data) if value.family == "torch" else _numpy_array(value, data)

    def _items(self, values: Sequence[m.Value], depth: int) -> list[Any]:
        return [self.decode(item, depth + 1) for item in values]

    def _mapping(self, value: m.Mapping, depth: int) -> dict[Any, Any]:
        if len(value.keys) != len(value.values):
            raise WireError("A dict has more keys than values, or fewer.")
        keys, values = self._items(value.keys, depth), self._items(value.values, depth)
        self._keys.spend(keys)
        try:
            return dict(zip(keys, values, strict=True))
        except TypeError as error:
            raise WireError("A dict has a key that cannot be one.") from error

    def _slice(self, value: m.Slice, depth: int) -> slice:
        return slice(*self._items((value.start, value.stop, value.step), depth))

    def _big_int(self, value: m.BigInt, _: int) -> int:
        if len(value.digits) > _LARGEST_INT_DIGITS:
            raise WireError("An integer is too long.")
        try:
            return int(value.digits, 16)
        except ValueError as error:
            raise WireError("An integer has digits that are none.") from error

    def _dtype(self, value: m.Dtype, _: int) -> Any:
        import torch

        if value.name not in TORCH_DTYPES:
            raise WireError(f"The dtype {value.name!r} is not accepted.")
        return getattr(torch, value.name)

    def _handle(self, value: m.Handle, _: int) -> Any:
        return self._as_object(value)


_Reader = Callable[[Decoder, Any, int], Any]
_READERS: dict[type, _Reader] = {
    m.Items: lambda self, value, depth: self._items(value.items, depth),
    m.TupleOf: lambda self, value, depth: tuple(self._items(value.items, depth)),
    m.Mapping: Decoder._mapping,
    m.TensorData: Decoder._tensor,
    m.Complex: lambda _self, value, _: complex(value.real, value.imag),
    m.BigInt: Decoder._big_int,
    m.Slice: Decoder._slice,
    m.Dots: lambda _self, _value, _: ...,
    m.Dtype: Decoder._dtype,
    m.Handle: Decoder._handle,
    m.Blob: lambda self, value, _: bytes(self.take(value.buffer)),
}


def _bytes_of(tensor: torch.Tensor) -> Buffer:
    """The bytes of a contiguous tensor on the CPU, not copied."""
    import torch

    if not tensor.numel():
        return b""
    if tensor.is_complex() or tensor.dtype is torch.bfloat16:  # no memoryview has their types
        return tensor.reshape(-1).view(torch.uint8).numpy().data
    return tensor.numpy().data.cast("B")


def _check_sendable(shape: Sequence[int]) -> None:
    if len(shape) > MOST_AXES or not is_printable(shape):
        raise NotPlain(f"A tensor of shape {tuple(shape)} has too many axes to be sent.")


def _check_shape(shape: list[int], have: int, item_bytes: int) -> None:
    if len(shape) > MOST_AXES or (shape and not 0 <= min(shape) <= max(shape) < _LARGEST_AXIS):
        raise WireError("A tensor has a shape that cannot be one.")
    size = math.prod(shape)
    # Zero-sized axes must not hide huge ones: strides are computed from all of them.
    if (size or math.prod(axis or 1 for axis in shape)) > _LARGEST_AXIS:
        raise WireError("A tensor has a shape that is too large.")
    if have != size * item_bytes:
        raise WireError(f"A tensor of shape {tuple(shape)} came with {have} bytes.")
    if not is_printable(shape):
        raise WireError(f"A tensor of shape {tuple(shape)} has too many axes.")


def _torch_tensor(value: m.TensorData, data: bytearray) -> torch.Tensor:
    import torch

    dtype: torch.dtype = getattr(torch, value.dtype)
    if not data:
        return torch.empty(
            value.shape, dtype=dtype, requires_grad=value.requires_grad and dtype.is_floating_point
        )
    if dtype is torch.bool:
        # Only 0 and 1 are booleans; any other byte would be undefined behaviour later on.
        return torch.frombuffer(data, dtype=torch.uint8).reshape(value.shape) != 0
    if dtype is torch.bfloat16:  # numpy has no such type; with it, a shape is given at once
        tensor = torch.frombuffer(data, dtype=dtype).reshape(value.shape)
    else:
        tensor = torch.from_numpy(np.ndarray(value.shape, value.dtype, data))
    if value.requires_grad and (dtype.is_floating_point or dtype.is_complex):
        tensor.requires_grad_(True)
    return tensor


def _numpy_array(value: m.TensorData, data: bytearray) -> Any:
    if value.dtype == "bool":
        array = np.asarray(np.frombuffer(data, dtype=np.uint8).reshape(value.shape) != 0)
    else:
        array = np.frombuffer(data, dtype=value.dtype).reshape(value.shape)
    if value.family == "scalar":
        if value.shape:
            raise WireError("A scalar has a shape.")
        return array[()]
    return array
