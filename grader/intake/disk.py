"""Reads files and folders from disk without following a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from grader.errors import UsageError
from grader.intake.collect import Collector


def read_folder(folder: Path, collector: Collector) -> None:
    """Add every regular file below `folder` to `collector`, in sorted order; links and devices are left out.

    Raises:
        SubmissionError: a name that is not accepted, or beyond a cap.
        UsageError: something cannot be read.
    """
    pending = [""]
    while pending:
        for entry in _listing(folder / pending.pop()):
            relative = Path(entry.path).relative_to(folder).as_posix()
            path = collector.admit(relative)
            if path is None:
                continue
            if entry.is_dir(follow_symlinks=False):
                collector.add_folder(path)
                pending.append(relative)
            elif entry.is_file(follow_symlinks=False):
                collector.add_file(path, read_regular(folder / relative, collector.room + 1))
            else:
                collector.skip_special(path)


def read_regular(path: Path, limit: int) -> bytes:
    """The first `limit` bytes of a regular file.

    Raises:
        UsageError: it cannot be read, or became something else in the meantime.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:  # noqa: PTH123  (a descriptor, so that nobody swaps the file)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(f"{path} is not a regular file.")
            return stream.read(limit)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error


def _listing(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}.") from error
