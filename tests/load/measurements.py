"""What was measured."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Measurements:
    """Rows of the table."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, what: str, where: str, value: str) -> None:
        """One row."""
        self.rows.append((what, where, value))

    def times(self, what: str, where: str, seconds: Sequence[float]) -> None:
        """One row: median, 95th percentile, worst."""
        ordered = sorted(seconds)
        worst, high = ordered[-1], ordered[int(0.95 * (len(ordered) - 1))]
        text = " / ".join(f"{1000 * value:,.0f}" for value in (statistics.median(ordered), high, worst))
        self.add(what, where, f"{text} ms (n={len(ordered)})")
