"""Bounds on what decoded values may cost later: to put into a dict, and to print.

A frame is small, but some values in it are not: keys whose hashes collide make a dict quadratic, and a
tensor with many short axes is printed in full however large it is, because only long axes are abbreviated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.errors import WireError

MOST_ENTRIES = 4096  # of one dict
_MOST_CHOSEN = 4096  # keys of one message whose hashes the sandbox can choose
_MOST_LEAVES = 1 << 14  # values inside those keys, together
_MOST_PRINTED = 100_000  # rows and values in the text of one array: half a second of work
_PRINTED_PER_AXIS = 6  # torch and numpy leave out the middle of longer axes
_FEW_AXES = 6  # even if all are long: 6 + 6**2 + ... + 6**6 is 55 986
# Hashes of strings are random; among the other types here few values share one.
_FREE = (str, bytes, bool, float, type(None))
_LEAVES = (str, bool, float, type(None), int, complex, np.generic)


class KeyBudget:
    """What the keys of one message may still cost. Comparing keys of equal hash takes quadratic time."""

    def __init__(self) -> None:
        self._keys = _MOST_CHOSEN
        self._leaves = _MOST_LEAVES

    def spend(self, keys: list[Any]) -> None:
        """Account for the keys of one dict.

        Raises:
            WireError: too many, or too large.
        """
        if len(keys) > MOST_ENTRIES:
            raise WireError(f"A dict has {len(keys)} entries; {MOST_ENTRIES} is the cap.")
        for key in keys:
            if not _is_free(key):
                self._keys -= 1
                self._spend_leaves(key)
        if self._keys < 0:
            raise WireError(f"Dicts have more than {_MOST_CHOSEN} keys other than text and small numbers.")

    def _spend_leaves(self, key: Any) -> None:
        self._leaves -= 1
        if self._leaves < 0:
            raise WireError("The keys of a dict are too large.")
        if type(key) is tuple:
            for item in key:
                if type(item) is not tuple and not isinstance(item, _LEAVES):
                    raise WireError("A dict has a tuple key with something other than plain values.")
                self._spend_leaves(item)


def _is_free(key: Any) -> bool:
    return type(key) in _FREE or (type(key) is int and abs(key) < 2**64)


def is_printable(shape: Sequence[int]) -> bool:
    """Whether the text of an array of this shape is bounded: not too many axes of more than a few values."""
    if len(shape) <= _FEW_AXES:
        return True
    printed, rows = 0, 1
    for axis in shape if 0 not in shape else ():  # without values there is nothing to print
        rows *= min(axis, _PRINTED_PER_AXIS)
        printed += rows
    return printed <= _MOST_PRINTED
