"""The value of a tree in complex numbers of double precision, for what passes through no real number:
sqrt(-x) * sqrt(-x).
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping
from decimal import Decimal

from grader.answers.formula import Name, Number, Tree

_REAL = 1e-12  # an imaginary part that is rounding alone


def complex_value(tree: Tree, point: Mapping[str, Decimal]) -> complex | None:
    """The value of `tree` where variables have these values; None where it has none, or one beyond 1e308."""
    names = {name: complex(number) for name, number in point.items()}
    try:
        found = _value(tree, {"pi": complex(math.pi), "e": complex(math.e), **names})
    except (ArithmeticError, ValueError):
        return None
    return found if cmath.isfinite(found) else None


def _value(tree: Tree, names: Mapping[str, complex]) -> complex:
    if isinstance(tree, Number):
        return complex(tree.value)
    if isinstance(tree, Name):
        return names[tree.name]
    arguments = [_value(argument, names) for argument in tree.arguments]
    if tree.name == "-" and len(arguments) == 1:
        return -arguments[0]
    if tree.name in _REAL_OPERATIONS:
        return complex(_REAL_OPERATIONS[tree.name](*map(_real, arguments)))
    return _OPERATIONS[tree.name](*arguments)


def _real(number: complex) -> float:
    if abs(number.imag) > _REAL * abs(number):
        raise ValueError("no real number")
    return number.real


_OPERATIONS: dict[str, Callable[..., complex]] = {
    "+": lambda one, two: one + two,
    "-": lambda one, two: one - two,
    "*": lambda one, two: one * two,
    "/": lambda one, two: one / two,
    "^": lambda one, two: one**two,
    "sqrt": cmath.sqrt,
    "exp": cmath.exp,
    "log": cmath.log,
    "ln": cmath.log,
    "log2": lambda number: cmath.log(number) / math.log(2),
    "log10": cmath.log10,
    "abs": lambda number: complex(abs(number)),
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tanh": cmath.tanh,
}
_REAL_OPERATIONS: dict[str, Callable[..., float]] = {
    "//": lambda one, two: math.floor(one / two),
    "floor": math.floor,
    "ceil": math.ceil,
    "min": min,
    "max": max,
}
