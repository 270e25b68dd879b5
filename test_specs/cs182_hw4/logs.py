"""The CSV logs handed in beside the notebooks: data of a student, read here and never run."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from grader.errors import NotImplementedYet

COLUMNS = ("timestamp", "epoch", "memUsage", "loss", "accuracy")
BATCH_SIZES = (4, 16, 64, 256, 1024)
_MOST_FILES, _MOST_BYTES, _MOST_ROWS = 50, 256 * 1024, 5000
_NUMBER = re.compile(r"([+-]?[0-9]{1,20}(?:\.[0-9]{0,20})?(?:[eE][+-]?[0-9]{1,3})?) {0,3}(?:%|[kKMG]i?B)?")
_IN_NAME = re.compile(r"[0-9]{1,6}")
_OUT_OF_MEMORY = re.compile(r"\boom\b|out[ _-]?of[ _-]?memory", re.IGNORECASE)


@dataclass(frozen=True)
class Log:
    """One run. `cells` are the rows below the header, without one that says it ran out of memory."""

    name: str
    header: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    out_of_memory: bool

    def numbers(self, column: str) -> list[float | None]:
        """A column; None where a cell holds no finite number. Units behind a number are left out."""
        place = COLUMNS.index(column)
        read = seconds if column == "timestamp" else number
        return [read(row[place]) if place < len(row) else None for row in self.cells]

    @property
    def peak(self) -> float | None:
        """The largest memory of the run."""
        return max((value for value in self.numbers("memUsage") if value is not None), default=None)


def number(text: str) -> float | None:
    """A finite number, with or without a unit."""
    found = _NUMBER.fullmatch(text.strip())
    value = float(found[1]) if found else math.nan
    return value if math.isfinite(value) else None


def seconds(text: str) -> float | None:
    """A time: seconds since some start, or a date as nvidia-smi and Python write it."""
    try:
        when = datetime.fromisoformat(text.strip()[:40].replace("/", "-"))
        return (when.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()
    except ValueError:
        return number(text)


def read_logs(files: Mapping[str, bytes]) -> dict[int, Log]:
    """The log of each batch size, which the file's name tells: `batch_64.csv`, `resnet18-bs64.CSV`.

    Raises:
        NotImplementedYet: there is none at all.
    """
    paths = [path for path in sorted(files) if path.casefold().endswith(".csv")][:_MOST_FILES]
    named = [(batch_size(path), path) for path in paths]
    logs = {size: _read(path, files[path]) for size, path in reversed(named) if size is not None}
    if not logs:
        raise NotImplementedYet(
            "There is no CSV log whose name tells the batch size, such as logs/batch_64.csv."
        )
    return logs


def batch_size(path: str) -> int | None:
    """The last number in a file's name that is one of the batch sizes."""
    found = [int(digits) for digits in _IN_NAME.findall(path.rpartition("/")[2])]
    return next((size for size in reversed(found) if size in BATCH_SIZES), None)


def _read(path: str, data: bytes) -> Log:
    lines = data[:_MOST_BYTES].decode("utf-8-sig", "replace").replace("\0", "").splitlines()
    rows = [row for line in lines[:_MOST_ROWS] if (row := _cells(line))]
    header = rows[0] if rows else ()
    below = rows[1:]
    full = [row for row in below if not any(map(_OUT_OF_MEMORY.search, row))]
    return Log(path.rpartition("/")[2][:80], header, tuple(full), len(full) < len(below))


def _cells(line: str) -> tuple[str, ...]:
    """A line of CSV: no cell of a log holds a line break."""
    try:
        row = next(csv.reader([line[:2000]]), [])
    except csv.Error:
        return ("",)
    return tuple(cell.strip() for cell in row)
