"""The values that `close` compares: what they are, their shape and dtype, their numbers, their tolerance.

A value is numeric (a tensor, an array of numbers, a number or a bool), a container (list, tuple, dict)
or something else. Nothing here touches the numbers before `load` is called.
"""

from __future__ import annotations

import math
from typing import Any, TypeGuard

import numpy as np
import torch

from grader.text import one_line

MAX_VALUES = 10**8  # of one comparison: about a second of work for each pass
_EXACT = ("bool", "int", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
_SINGLE = (1e-4, 1e-5)
_DOUBLE = (1e-7, 1e-7)
_HALF = (1e-2, 1e-2)
# Python's numbers tell no precision: they are as often `.item()` of a float32 as computed in float64.
_TOLERANCES = {
    **dict.fromkeys(("float32", "complex64", "float", "complex"), _SINGLE),
    **dict.fromkeys(
        ("float64", "complex128", "longdouble", "clongdouble", "float128", "complex256"), _DOUBLE
    ),
}

Shape = tuple[int, ...]
Numeric = torch.Tensor | np.ndarray[Any, Any] | np.generic | complex  # bool, int and float too


def is_numeric(value: object) -> TypeGuard[Numeric]:
    """Whether `value` is a number, a bool, or a tensor or array of these."""
    if isinstance(value, torch.Tensor):
        return not (value.is_meta or value.is_quantized or value.is_nested)
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "biufc"
    return isinstance(value, bool | int | float | complex)


def shape_of(value: Numeric) -> Shape:
    """The shape of a numeric value; () for a number."""
    return () if isinstance(value, complex | float | int) else tuple(int(size) for size in value.shape)


def dtype_of(value: Numeric) -> str:
    """The dtype of a numeric value as "float32"; for Python's own: "bool", "int", "float", "complex"."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype).removeprefix("torch.")
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.name
    return next(kind.__name__ for kind in (bool, int, float, complex) if isinstance(value, kind))


def is_exact(dtype: str) -> bool:
    """Whether values of `dtype` are integers or bools."""
    return dtype in _EXACT


def same_dtype(actual: str, expected: str) -> bool:
    """Whether two dtypes are the same; Python's own numbers have only a kind."""
    python_kinds = ("bool", "int", "float", "complex")
    if actual in python_kinds or expected in python_kinds:
        return actual.rstrip("0123456789") == expected.rstrip("0123456789")
    return actual == expected


def tolerances(actual: str, expected: str) -> tuple[float, float]:
    """Default (rtol, atol) for a value of dtype `actual` compared with one of dtype `expected`.

    The expected dtype decides, so that computing in half precision earns no slack; a float64 reference
    asks only as much of a result as float32 can give, unless that result is float64 too.
    """
    if is_exact(actual) and is_exact(expected):
        return 0.0, 0.0
    if is_exact(expected):
        return _DOUBLE if _TOLERANCES.get(actual) == _DOUBLE else _SINGLE
    wanted = _TOLERANCES.get(expected, _HALF)
    return _SINGLE if wanted == _DOUBLE and _TOLERANCES.get(actual) != _DOUBLE else wanted


def load(value: Numeric) -> np.ndarray[Any, Any]:
    """The numbers of a numeric value as an array; float types that numpy lacks become float32.

    Raises:
        TypeError: an exotic tensor that has no such numbers.
    """
    if isinstance(value, torch.Tensor):
        return _load_tensor(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _load_int(value)
    return np.asarray(value)


def _load_tensor(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    plain = tensor.detach().cpu()
    plain = plain.to_dense() if plain.layout != torch.strided else plain
    plain = plain.resolve_conj().resolve_neg()
    try:
        return np.asarray(plain.numpy())
    except TypeError:
        return np.asarray(plain.to(torch.complex64 if plain.is_complex() else torch.float32).numpy())


def _load_int(value: int) -> np.ndarray[Any, Any]:
    if -(2**63) <= value < 2**64:
        return np.asarray(value)
    try:
        return np.asarray(float(value))
    except OverflowError:
        return np.asarray(math.inf if value > 0 else -math.inf)


def describe(value: object, article: bool = True) -> str:
    """What `value` is, without its numbers: "a tensor of shape (2, 3)", "a list of 3 items", "None"."""
    if value is None:
        return "None"
    words = _noun(value)
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}" if article else words


def _noun(value: object) -> str:
    if isinstance(value, torch.Tensor | np.ndarray):
        noun = "tensor" if isinstance(value, torch.Tensor) else "array"
        return f"{noun} of shape {shape_of(value)}" if is_numeric(value) else f"{noun} without numbers"
    if isinstance(value, list | tuple | dict):
        noun = next(kind.__name__ for kind in (list, tuple, dict) if isinstance(value, kind))
        return f"{noun} of {len(value)} {'item' if len(value) == 1 else 'items'}"
    if is_numeric(value):
        return "bool" if isinstance(value, bool | np.bool_) else "number"
    if isinstance(value, str):
        return "string"
    return f"object of type {one_line(type(value).__name__, 60)}"
