"""Bounds what the examiner itself spends on a test: on comparing and printing what a submission returned."""

from __future__ import annotations

import math
import reprlib
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np
import torch
from _pytest.assertion import util

from grader.errors import CallTimeout

_AGAIN_SECONDS = 1.0  # pytest swallows exceptions while it prints
_PRINTED_IN_CONTAINERS = 8  # values of an array


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Both: `processor_seconds` and `brief_comparisons`."""
    with processor_seconds(seconds), brief_comparisons():
        yield


@contextmanager
def brief_comparisons() -> Iterator[None]:
    """Keep pytest, where it explains a failed assertion, from taking apart what a submission returned.

    It would make a Python object for every row of a tensor, and ask a remote object for its items.
    """
    explain = util._reprcompare
    if explain is not None:
        util._reprcompare = lambda op, left, right: explain(op, _stand_in(left), _stand_in(right))
    try:
        yield
    finally:
        util._reprcompare = explain


class _Shown:
    """Stands for an object and can only be printed."""

    def __init__(self, thing: object) -> None:
        self._thing = thing

    def __repr__(self) -> str:
        return repr(self._thing)


def _stand_in(thing: object) -> object:
    is_remote = getattr(type(thing), "__tensorgrade_remote__", False)
    return _Shown(thing) if is_remote or isinstance(thing, torch.Tensor | np.ndarray) else thing


@contextmanager
def processor_seconds(most: float) -> Iterator[None]:
    """Raise `CallTimeout` once this process has computed for so long; only in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise CallTimeout(f"The test computed for more than {most:g} s with what your code returned.")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, most, _AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def abbreviate_arrays() -> None:
    """Let pytest print the arrays in a list or dict by their shape: there may be thousands, a page each."""
    for name in ("Tensor", "ndarray"):
        setattr(reprlib.Repr, f"repr_{name}", _brief)


def _brief(printer: reprlib.Repr, array: Any, level: int) -> str:
    """How reprlib, and so pytest, prints an array at a depth; `level` counts down from the outside."""
    if level == printer.maxlevel or math.prod(array.shape) <= _PRINTED_IN_CONTAINERS:
        return repr(array)
    return f"{type(array).__name__} of shape {tuple(array.shape)}"
