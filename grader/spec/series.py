"""Curves of a student's code for the score: numbers from a sandbox, made harmless to keep and to draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch

from grader.scoring.model import MAX_POINTS, MAX_SERIES, Series

_DIGITS = 9  # as many as tell every two float32 apart


class Curves:
    """The curves of one test. Nothing that a student returns makes `add` fail."""

    def __init__(self) -> None:
        self._series: dict[str, Series] = {}

    def add(
        self, title: str, values: object, x: object = None, x_label: str = "epoch", y_label: str = ""
    ) -> None:
        """Keep a curve; one of the same title is replaced.

        Args:
            title: what it is, as its reader sees it.
            values: a list, tuple, tensor or array of numbers. What is no finite number becomes a gap; of
                more than 1000, so many evenly spaced ones are kept, with the first and the last. Anything
                else, a Remote too, is left out: fetch it with `.value`.
            x: where they are on the x axis, likewise; by default 0, 1, 2 ... A point without a finite x is
                left out, and so are more values than there are x, or the other way round.
            x_label, y_label: of the axes.

        A test keeps 16 curves; further ones are left out.
        """
        items = _items(values)
        places = range(len(items)) if x is None else _items(x)
        chosen = _evenly(min(len(items), len(places)))
        points = [(at, _number(items[i])) for i in chosen if (at := _number(places[i])) is not None]
        is_full = len(self._series) >= MAX_SERIES and title not in self._series
        if is_full or all(y is None for _, y in points):
            return
        self._series[title] = Series(
            title=title,
            x_label=x_label,
            y_label=y_label,
            x=tuple(at for at, _ in points),
            y=tuple(y for _, y in points),
        )

    @property
    def series(self) -> tuple[Series, ...]:
        """What was added."""
        return tuple(self._series.values())


def _items(values: object) -> Sequence[object]:
    """The values in a row; none where they are no row of values."""
    if isinstance(values, torch.Tensor):
        return _of_tensor(values)
    if isinstance(values, np.ndarray):
        return cast("Sequence[object]", values.reshape(-1)) if values.dtype.kind in "biuf" else ()
    return values if isinstance(values, list | tuple | range) else ()


def _of_tensor(values: torch.Tensor) -> Sequence[object]:
    usable = values.layout == torch.strided and not (
        values.is_meta or values.is_quantized or values.is_complex()
    )
    return cast("Sequence[object]", values.detach().cpu().reshape(-1)) if usable else ()


def _evenly(count: int) -> list[int]:
    """At most MAX_POINTS of the indices below `count`, evenly spaced, the first and the last among them."""
    if count <= MAX_POINTS:
        return list(range(count))
    return [round(step * (count - 1) / (MAX_POINTS - 1)) for step in range(MAX_POINTS)]


def _number(value: object) -> float | None:
    """`value` as a short finite float; None if it is none. A tensor or array of one number will do."""
    if isinstance(value, torch.Tensor | np.ndarray):
        items = _items(value)
        value = cast("Any", items[0]).item() if len(items) == 1 else None
    if not isinstance(value, int | float | np.integer | np.floating):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return float(f"{number:.{_DIGITS}g}") if math.isfinite(number) else None
