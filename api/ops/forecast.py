"""What a simulated due date looks like with so many places: figures, table, chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from api.queue.deadline import Deadline
from api.queue.simulation import Graded, Upload, quantile, simulate

_HOUR = 3600.0
_SLICES = 24
_WIDTH = 50


@dataclass(frozen=True)
class Forecast:
    """Waiting times in seconds: from an upload to the start of its grading."""

    places: int
    busy: float  # share of all places' time that grading takes, in the last hour before the due date
    median: float
    p90: float
    p95: float
    p99: float
    worst: float
    last_score: float  # seconds from the due date to the last score; 0 if it was there before


def forecast(uploads: Sequence[Upload], deadline: Deadline, places: int) -> tuple[Forecast, list[Graded]]:
    """Simulate, and sum up."""
    graded = simulate(uploads, places)
    waits = sorted(one.waited for one in graded)
    end = deadline.hours * _HOUR
    median, p90, p95, p99 = (quantile(waits, share) for share in (0.5, 0.9, 0.95, 0.99))
    last = max(one.finished for one in graded) - end
    return Forecast(
        places, _busy(graded, end, places), median, p90, p95, p99, waits[-1], max(0.0, last)
    ), graded


def _busy(graded: Sequence[Graded], end: float, places: int) -> float:
    begin = max(0.0, end - _HOUR)
    inside = (min(one.finished, end) - max(one.started, begin) for one in graded)
    return sum(max(0.0, seconds) for seconds in inside) / (places * (end - begin))


def table(rows: Sequence[Forecast], title: str) -> Table:
    """A row for each number of places."""
    heads = ("at once", "busy", "median", "90 %", "95 %", "99 %", "worst", "ready")
    caption = "busy: in the last hour before the due date. ready: from then to the last score."
    made = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    for head in heads:
        made.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        waits = (row.median, row.p90, row.p95, row.p99, row.worst, row.last_score)
        made.add_row(str(row.places), f"{row.busy:.0%}", *map(_words, waits))
    return made


def chart(graded: Sequence[Graded], deadline: Deadline) -> list[str]:
    """A line for each slice of the time: uploads in it, and how long 95 % of them waited at most."""
    length = deadline.hours * _HOUR / _SLICES
    slices: list[list[float]] = [[] for _ in range(_SLICES)]
    for one in graded:
        slices[min(_SLICES - 1, int(one.upload.at / length))].append(one.waited)
    highs = [quantile(sorted(waits), 0.95) if waits else 0.0 for waits in slices]
    top = max(*highs, 1e-9)
    lines = [f"{'until due':>10} {'uploads':>8} {'95 % wait':>10}"]
    for number, (waits, high) in enumerate(zip(slices, highs, strict=True)):
        left = deadline.hours * (1 - number / _SLICES)
        bar = "█" * round(_WIDTH * high / top)
        lines.append(f"{left:>8.2f} h {len(waits):>8} {_words(high):>10} {bar}".rstrip())
    return lines


def _words(seconds: float) -> str:
    if seconds >= 600:
        return f"{seconds / 60:,.0f} min"
    if seconds >= 120:
        return f"{seconds / 60:.1f} min"
    return f"{seconds:.1f} s" if seconds >= 1 or seconds == 0 else f"{1000 * seconds:.0f} ms"
