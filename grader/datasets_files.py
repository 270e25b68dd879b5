"""What is in the folder of data: unpacking fetched files, and telling whether all of them are right."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import IO, cast

from grader.datasets_sources import Source, SourceFile
from grader.errors import InfrastructureError

_CHUNK = 1 << 20


class State(StrEnum):
    """Of a data set in a folder, without a look into its files."""

    READY = "ready"  # every file that is read is there
    BEGUN = "begun"  # some are
    MISSING = "missing"


@dataclass(frozen=True)
class Fault:
    """A file that is not as published."""

    path: Path
    what: str


def state(source: Source, root: Path) -> tuple[State, int]:
    """How far the fetch of a data set has come, and how many of its bytes are here."""
    folder = root / source.folder
    if all((folder / name).exists() for file in source.files for name in file.contents):
        return State.READY, source.size
    received = sum(_here(folder, file) for file in source.files)
    return (State.BEGUN if received else State.MISSING), received


def _here(folder: Path, file: SourceFile) -> int:
    sizes = [path.stat().st_size for path in (folder / file.name, _part(folder, file)) if path.exists()]
    return min(max(sizes, default=0), file.size)


def _part(folder: Path, file: SourceFile) -> Path:
    return folder / f"{file.name}.part"


def faults(source: Source, root: Path) -> Iterator[Fault]:
    """Everything that is wrong with a data set, found by reading all of it."""
    folder = root / source.folder
    for file in source.files:
        archive = folder / file.name
        if not archive.exists():
            begun = " (a fetch has begun)" if _part(folder, file).exists() else ""
            yield Fault(archive, f"missing{begun}")
        elif not has_digest(archive, file):
            yield Fault(archive, "damaged: its SHA-256 is not the official one")
        else:
            yield from _unpacked_faults(archive, file)


def _unpacked_faults(archive: Path, file: SourceFile) -> Iterator[Fault]:
    for name, content in _contents(archive, file):
        path = archive.with_name(name)
        if not path.exists():
            yield Fault(path, f"missing: {file.name} is there, but not unpacked")
        elif not _is_same(path, content):
            yield Fault(path, f"damaged: it differs from what {file.name} holds")


def has_digest(path: Path, file: SourceFile) -> bool:
    """Whether `path` is the published file."""
    if not path.exists() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256


def unpack(archive: Path, file: SourceFile) -> None:
    """Write what a fetched file holds beside it. What is there and right is left alone.

    Raises:
        InfrastructureError: it does not hold what it should.
    """
    for name, content in _contents(archive, file):
        target = archive.with_name(name)
        if target.exists() and _is_same(target, content):
            continue
        content.seek(0)
        made = archive.with_name(f"{name}.part")
        with made.open("wb") as out:
            while chunk := content.read(_CHUNK):
                out.write(chunk)
        made.replace(target)


def _contents(archive: Path, file: SourceFile) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of each file that is unpacked; folders inside are dropped.

    Only called where the digest is right: nothing here has to be taken for hostile.
    """
    if file.name.endswith(".tar.gz"):
        yield from _tar_contents(archive, file)
    else:
        with gzip.open(archive) as content:
            yield file.contents[0], cast("IO[bytes]", content)


def _tar_contents(archive: Path, file: SourceFile) -> Iterator[tuple[str, IO[bytes]]]:
    missing = set(file.contents)
    with tarfile.open(archive) as tar:
        for member in tar:
            name = PurePosixPath(member.name).name
            content = tar.extractfile(member) if name in missing and member.isfile() else None
            if content is not None:
                missing.discard(name)
                with contextlib.closing(content):
                    yield name, content
    if missing:
        raise InfrastructureError(f"{archive} does not hold {', '.join(sorted(missing))}.")


def _is_same(path: Path, content: IO[bytes]) -> bool:
    with path.open("rb") as mine:
        while chunk := content.read(_CHUNK):
            if mine.read(len(chunk)) != chunk:
                return False
        return not mine.read(1)
