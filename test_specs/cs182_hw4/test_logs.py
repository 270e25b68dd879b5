"""Part `memory`, continued: 5 points for the logs of ResNet-18 at five batch sizes."""

from itertools import pairwise

import pytest
from logs import BATCH_SIZES, COLUMNS, read_logs

from grader.spec import part, points, visibility

pytestmark = [part("memory")]

LARGEST = BATCH_SIZES[-1]
NOISE = 0.95  # of the smaller batch's memory: libraries' workspaces may differ by more than images need


@pytest.fixture
def logs(grading):
    """The logs by batch size."""
    return read_logs(grading.submission.files)


@pytest.fixture
def finished(logs):
    """Those of runs that did not run out of memory, by batch size."""
    return {size: logs[size] for size in sorted(logs) if not logs[size].out_of_memory}


@points(1)
@visibility("visible")
def test_logs_are_there(logs):
    """There is a log for each batch size that fits: 4, 16, 64 and 256."""
    missing = [size for size in BATCH_SIZES[:-1] if size not in logs]
    assert not missing, f"There is no log for batch size {', '.join(map(str, missing))}."


@points(1)
@visibility("visible")
def test_columns(logs):
    """Each log begins with the line timestamp,epoch,memUsage,loss,accuracy."""
    for log in logs.values():
        names = [name.casefold() for name in log.header]
        assert names == [name.casefold() for name in COLUMNS], (
            f"{log.name} begins with {', '.join(log.header)}."
        )


@points(1)
def test_rows(finished):
    """Each line has five numbers; times and epochs never go back, and an accuracy is at most 1 (or 100 %)."""
    assert finished, "Every run is out of memory."
    for size, log in finished.items():
        assert log.cells or size == LARGEST, f"{log.name} has no lines below its first."
        for name in COLUMNS:
            values = log.numbers(name)
            assert None not in values, f"{log.name}: {name} is not a number in each line."
            assert min(values, default=0) >= 0, f"{log.name}: {name} is negative."
            ordered = name not in ("timestamp", "epoch") or all(a <= b for a, b in pairwise(values))
            assert ordered, f"{log.name}: {name} goes back."
        assert max(log.numbers("accuracy"), default=0) <= 100, f"{log.name}: an accuracy is above 100 %."


@points(1)
def test_memory_grows(finished, curves):
    """The memory grows with the batch size."""
    peaks = {size: log.peak for size, log in finished.items() if log.peak is not None}
    curves.add("Peak memory", list(peaks.values()), x=list(peaks), x_label="batch size", y_label="memUsage")
    assert len(peaks) >= 2, "There are not two logs with memUsage to compare."
    for (small, before), (large, after) in pairwise(peaks.items()):
        assert after > NOISE * before, (
            f"Batch size {large} takes less memory than {small}: {after:g}, {before:g}."
        )
    (first, least), (last, most) = min(peaks.items()), max(peaks.items())
    assert most > least, f"Batch size {last} takes no more memory than {first}: {most:g}, {least:g}."


@points(1)
def test_largest_batch(logs):
    """The log of batch size 1024 has a finished epoch, or a line that says it ran out of memory."""
    log = logs.get(LARGEST)
    assert log is not None, f"There is no log for batch size {LARGEST}."
    assert log.out_of_memory or log.cells, f"{log.name} shows neither an epoch nor that memory ran out."
    smaller = [size for size in logs if size < LARGEST and logs[size].out_of_memory]
    assert not smaller or log.out_of_memory, (
        f"Batch size {max(smaller)} ran out of memory, and {LARGEST} did not?"
    )
