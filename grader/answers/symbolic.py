"""The last word on two expressions, by sympy, where values do not tell: exp(x^9 + x)/exp(x^9) has none for
large x.

sympy sees trees of our parser, never a text. A child process with limits does the work, since simplification
can take any time and memory.
"""

from __future__ import annotations

import os
import select
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.answers.equivalence import Domain
from grader.answers.formula import Name, Number, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECONDS = 3.0  # of processor time; importing sympy takes one
_PATIENCE = 15.0  # seconds of wall time
_MEMORY = 512 << 20  # more than there was at the start
_LOOK_SECONDS = 0.05  # between two looks at the memory
_SAME = b"="


def is_same(given: Tree, right: Tree, domain: Domain) -> bool:
    """Whether sympy finds the difference to be 0 within its limits. It forks: one thread only."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(writing, given, right, domain)
    os.close(writing)
    try:
        return _verdict(child, reading)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _verdict(child: int, reading: int) -> bool:
    """What the child writes, unless it needs too much time or memory."""
    deadline = time.monotonic() + _PATIENCE
    most = _resident(child) + _MEMORY
    while time.monotonic() < deadline and _resident(child) < most:
        if select.select([reading], [], [], _LOOK_SECONDS)[0]:
            return os.read(reading, 1) == _SAME
    return False


def _resident(process: int) -> int:
    """Bytes of memory that a process uses; a dead one uses none."""
    pages = Path(f"/proc/{process}/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _answer(writing: int, given: Tree, right: Tree, domain: Domain) -> None:
    """The child's whole life. A timer ends it: a confined process may not set limits."""
    try:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, _SECONDS)
        if difference_is_zero(given, right, domain):
            os.write(writing, _SAME)
    finally:
        os._exit(0)


def difference_is_zero(given: Tree, right: Tree, domain: Domain) -> bool:
    """By simplification. May take any time and memory."""
    import sympy

    makers = _makers()
    assumptions: Mapping[str, bool] = {
        "positive": {"positive": True},
        "integer": {"positive": True, "integer": True},
        "real": {"real": True},
    }[domain]

    def build(tree: Tree) -> Any:
        if isinstance(tree, Number):
            return sympy.Rational(str(tree.value))
        if isinstance(tree, Name):
            constants = {"pi": sympy.pi, "e": sympy.E}
            return constants[tree.name] if tree.is_constant else sympy.Symbol(tree.name, **assumptions)
        arguments = [build(argument) for argument in tree.arguments]
        return -arguments[0] if tree.name == "-" and len(arguments) == 1 else makers[tree.name](*arguments)

    return bool(sympy.simplify(build(given) - build(right)) == 0)


def _makers() -> Mapping[str, Callable[..., Any]]:
    """sympy's classes for our operators and functions."""
    import operator

    import sympy

    return {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": operator.truediv,
        "//": lambda one, two: sympy.floor(one / two),
        "^": operator.pow,
        "sqrt": sympy.sqrt,
        "exp": sympy.exp,
        "log": sympy.log,
        "ln": sympy.log,
        "log2": lambda number: sympy.log(number, 2),
        "log10": lambda number: sympy.log(number, 10),
        "abs": sympy.Abs,
        "floor": sympy.floor,
        "ceil": sympy.ceiling,
        "min": sympy.Min,
        "max": sympy.Max,
        "sin": sympy.sin,
        "cos": sympy.cos,
        "tanh": sympy.tanh,
    }
