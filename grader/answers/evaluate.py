"""The value of a tree at a point, in decimals of 50 digits.

Every operation costs microseconds whatever its arguments: numbers beyond 10^±9999 are no values, so 9^9^9
is found to be none without computing it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    Underflow,
)

from grader.answers.formula import Name, Number, Tree

DIGITS = 50
_CONTEXT = Context(
    prec=DIGITS, Emax=9999, Emin=-9999, traps=[DivisionByZero, InvalidOperation, Overflow, Underflow]
)
_LARGEST_ANGLE = Decimal(10) ** 6
_LARGEST_TANH = Decimal(120)  # beyond, it is 1 in all digits
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
E = Decimal("2.71828182845904523536028747135266249775724709369995957496696762772407663035354759")

_TURN = _CONTEXT.multiply(Decimal(2), PI)
_QUARTER = _CONTEXT.divide(PI, Decimal(2))


def value(tree: Tree, point: Mapping[str, Decimal]) -> Decimal | None:
    """The real value of `tree` where variables have these values; None where it has none."""
    try:
        return _value(tree, {"pi": PI, "e": E, **point})
    except DecimalException:
        return None


def _value(tree: Tree, names: Mapping[str, Decimal]) -> Decimal:
    if isinstance(tree, Number):
        return _CONTEXT.create_decimal(tree.value)
    if isinstance(tree, Name):
        return names[tree.name]
    arguments = [_value(argument, names) for argument in tree.arguments]
    if tree.name == "-" and len(arguments) == 1:
        return _CONTEXT.minus(arguments[0])
    result = _OPERATIONS[tree.name](*arguments)
    if not result.is_finite():
        raise InvalidOperation
    return result


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    """As everywhere; 0^0 is 1, as in polynomials."""
    return Decimal(1) if not exponent else _CONTEXT.power(base, exponent)


def _rounded(number: Decimal, rounding: str) -> Decimal:
    """To a whole number. One that is whole but for the last digits is meant: 3 * (1/3)."""
    if number.adjusted() >= DIGITS:
        return number
    nearest = number.to_integral_value()
    if abs(number - nearest) < Decimal(10) ** (10 - DIGITS):
        return nearest
    return number.to_integral_value(rounding)


def _floor(number: Decimal) -> Decimal:
    return _rounded(number, ROUND_FLOOR)


def _sin(angle: Decimal) -> Decimal:
    """By its series, after taking away whole turns."""
    if abs(angle) > _LARGEST_ANGLE:
        raise InvalidOperation
    term = total = _CONTEXT.remainder_near(angle, _TURN)
    square = _CONTEXT.multiply(term, term)
    for k in range(2, 2 * DIGITS, 2):
        term = _CONTEXT.divide(_CONTEXT.multiply(-term, square), Decimal(k * (k + 1)))
        total = _CONTEXT.add(total, term)
    return total


def _tanh(number: Decimal) -> Decimal:
    if abs(number) > _LARGEST_TANH:
        return Decimal(1).copy_sign(number)
    one, other = _CONTEXT.exp(number), _CONTEXT.exp(-number)
    return _CONTEXT.divide(_CONTEXT.subtract(one, other), _CONTEXT.add(one, other))


def _logarithm(base: Decimal) -> Callable[[Decimal], Decimal]:
    return lambda number: _CONTEXT.divide(_CONTEXT.ln(number), _CONTEXT.ln(base))


_OPERATIONS: dict[str, Callable[..., Decimal]] = {
    "+": _CONTEXT.add,
    "-": _CONTEXT.subtract,
    "*": _CONTEXT.multiply,
    "/": _CONTEXT.divide,
    "//": lambda one, two: _floor(_CONTEXT.divide(one, two)),
    "^": _power,
    "sqrt": _CONTEXT.sqrt,
    "exp": _CONTEXT.exp,
    "log": _CONTEXT.ln,
    "ln": _CONTEXT.ln,
    "log2": _logarithm(Decimal(2)),
    "log10": _CONTEXT.log10,
    "abs": _CONTEXT.abs,
    "floor": _floor,
    "ceil": lambda number: _rounded(number, ROUND_CEILING),
    "min": lambda *numbers: min(numbers),
    "max": lambda *numbers: max(numbers),
    "sin": _sin,
    "cos": lambda angle: _sin(_CONTEXT.add(angle, _QUARTER)),
    "tanh": _tanh,
}
