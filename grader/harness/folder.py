"""What lies in the submission's folder. Nothing here follows a link, opens a device or reads without end."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from grader.harness.failures import Missing

_MOST_SCANNED = 20_000  # entries
_MOST_DEPTH = 16
_MOST_LISTED = 1000
_MOST_SHOWN = 100  # characters of a path in a sentence
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Stamp = tuple[int, int, int]  # size in bytes, time of the last change, inode


def scan(root: Path) -> dict[str, Stamp]:
    """The regular files below `root`, by relative path, as far as the caps go. Python's own are left out."""
    found: dict[str, Stamp] = {}
    pending = [""]
    left = _MOST_SCANNED
    while pending and left > 0:
        below = pending.pop()
        for name, is_folder, stamp in _entries(root / below, left):
            left -= 1
            if is_folder and name != "__pycache__" and below.count("/") < _MOST_DEPTH:
                pending.append(f"{below}{name}/")
            elif stamp is not None:
                found[below + name] = stamp
    return found


def _entries(place: Path, most: int) -> Iterator[tuple[str, bool, Stamp | None]]:
    """The first `most` entries of a folder: name, whether it is one, and the stamp of a regular file."""
    with contextlib.suppress(OSError):  # what goes away meanwhile
        descriptor = os.open(place, _FLAGS | os.O_DIRECTORY)
        try:
            with os.scandir(descriptor) as entries:
                for entry in itertools.islice(entries, most):
                    yield entry.name, entry.is_dir(follow_symlinks=False), _stamp(entry)
        finally:
            os.close(descriptor)


def _stamp(entry: os.DirEntry[str]) -> Stamp | None:
    if not entry.is_file(follow_symlinks=False):
        return None
    status = entry.stat(follow_symlinks=False)
    return status.st_size, status.st_mtime_ns, status.st_ino


def changes(before: dict[str, Stamp], after: dict[str, Stamp], work: str) -> list[tuple[str, int]]:
    """(path, size) of what is new or changed, sorted; paths as seen from the folder `work`."""
    fresh = [path for path, stamp in after.items() if before.get(path) != stamp]
    seen = sorted((_printable(os.path.relpath(path, work or ".")), after[path][0]) for path in fresh)
    return seen[:_MOST_LISTED]


def _printable(path: str) -> str:
    """A name in bytes that are no text cannot travel."""
    return path.encode("utf-8", "replace").decode()


def read(root: Path, work: str, path: str, most_bytes: int) -> bytes:
    """The bytes of a regular file in the folder `work` below `root`.

    Raises:
        Missing: there is none, it is something else, it lies elsewhere, or it is too big.
    """
    parts, path = PurePosixPath(path).parts, path[:_MOST_SHOWN]
    if not parts or ".." in parts or parts[0].startswith("/"):
        raise Missing(f"`{path}` is no path below the folder in which your program runs.")
    descriptor = _open(root, (*PurePosixPath(work).parts, *parts), path)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Missing(f"`{path}` is no regular file.")
        with open(descriptor, "rb", closefd=False) as stream:
            data = stream.read(most_bytes + 1) if status.st_size <= most_bytes else b""
    finally:
        os.close(descriptor)
    if max(status.st_size, len(data)) > most_bytes:
        raise Missing(f"`{path}` is too big: it has {status.st_size} bytes, and {most_bytes} may be read.")
    return data


def _open(root: Path, parts: tuple[str, ...], shown: str) -> int:
    """Open step by step, so that no step is a link."""
    steps = (str(root), *parts)
    with contextlib.ExitStack() as stack:
        descriptor: int | None = None
        for step in steps[:-1]:
            descriptor = _step(step, os.O_DIRECTORY, descriptor, shown)
            stack.callback(os.close, descriptor)
        return _step(steps[-1], 0, descriptor, shown)


def _step(name: str, flags: int, folder: int | None, shown: str) -> int:
    try:
        return os.open(name, _FLAGS | flags, dir_fd=folder)
    except (OSError, ValueError) as error:
        raise Missing(_why(error, shown)) from None


def _why(error: OSError | ValueError, shown: str) -> str:
    if isinstance(error, FileNotFoundError):
        return f"There is no file `{shown}`: does your program write it?"
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return f"`{shown}` is a link: write the file itself."
    return f"`{shown}` cannot be read as a file."
