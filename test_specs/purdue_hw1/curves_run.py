"""One run of hw1_learning_curves.py with the double of a network, and what came of it."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import data
import stimuli
import torch
from torch import Tensor

from grader.errors import NotImplementedYet

SHAPES = ((784, 10), (784, 300, 100, 10))
FIRST, LAST, STEP, MOST_EPOCHS = 20, 60, 20, 8
SIZES = {20: 3, 40: 4, 60: MOST_EPOCHS}  # number of examples -> epochs until the double's losses stand still
SMALL = ["--first", str(FIRST), "--last", str(LAST), "--step", str(STEP)]
TABLE = "hw1_learning_curves.csv"
_FIGURE = re.compile(r"\.(png|pdf|svg|jpe?g)$", re.IGNORECASE)
_MOST_BYTES = 200_000


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    shape: tuple[int, ...]
    size: int
    train_accuracy: float
    test_accuracy: float


@dataclass(frozen=True)
class CurvesRun:
    """epochs: of each (shape, number of examples), as the double counted them."""

    exit_code: int
    names: list[str]
    has_figure: bool
    table: str | None
    epochs: dict[tuple[tuple[int, ...], int], int]
    images: tuple[Tensor, Tensor, Tensor, Tensor]

    @property
    def rows(self) -> list[Row]:
        """The table, without rows that cannot be read."""
        found = csv.DictReader(io.StringIO(self.table or ""), skipinitialspace=True)
        return [row for row in map(_row, found) if row is not None]

    @property
    def trained(self) -> str:
        """What was trained, in words."""
        return ", ".join(f"{size} examples with {shape}" for shape, size in sorted(self.epochs)[:8])

    def accuracies(self, row: Row) -> tuple[float, float]:
        """What the double gets right of the first training examples, and of all test examples."""
        X, y, X_test, y_test = self.images
        return _accuracy(row.shape, X[: row.size], y[: row.size]), _accuracy(row.shape, X_test, y_test)


def run_curves(
    submission: Any,
    sizes: Sequence[str] = SMALL,
    files: dict[str, bytes] | None = None,
    epochs: int = MOST_EPOCHS,
) -> CurvesRun:
    """Run it on noise, or on `files`. The data lies in the folder beside its own too: to read that costs
    points in a test of its own.
    """
    images = data.noise(torch.Generator().manual_seed(0))
    files = data.files_of(images, "data") if files is None else files
    for path, content in files.items():
        submission.put_file(path, content)
    args = ["./data", "-e", str(epochs), "-l", "1e-4", *sizes, "-o", "./curves"]
    result = submission.run_program("hw1_learning_curves.py", args, files=files | data.double())
    names = sorted(path for path, size in result.files if size and not path.startswith("../"))
    log = submission.define(stimuli.LOG)()
    return CurvesRun(
        exit_code=result.exit_code,
        names=names,
        has_figure=any(_FIGURE.search(name) for name in names),
        table=_table(submission, names),
        epochs=dict(Counter((tuple(entry["shape"]), size) for entry in log for size in entry["sizes"])),
        images=images,
    )


def _table(submission: Any, names: list[str]) -> str | None:
    path = next((name for name in names if name.rpartition("/")[2] == TABLE), None)
    if path is None:
        return None
    try:
        return bytes(submission.read_file(path, most_bytes=_MOST_BYTES)).decode("utf-8", "replace")
    except NotImplementedYet:
        return None


def _row(cells: dict[str, Any]) -> Row | None:
    try:
        shape = tuple(int(number) for number in re.findall(r"\d{1,6}", cells["shape"]))
        accuracies = (float(cells["train_accuracy"]), float(cells["test_accuracy"]))
        return Row(shape, int(float(cells["train_size"])), *accuracies)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _accuracy(shape: tuple[int, ...], images: Tensor, labels: Tensor) -> float:
    flat = images.flatten(1)
    found = (flat[:, 0] > flat[:, 1]).long() * len(shape)
    return float((found == labels).double().mean())
