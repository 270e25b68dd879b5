"""Brings a backup back: everything in it is checked before anything is changed."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from api.blobs import BlobStore
from api.db import migrate
from api.db.engine import Database
from api.ops import tables
from api.ops.backup import FORMAT, Contents
from grader.errors import UsageError

_BLOB = re.compile(r"blobs/([0-9a-f]{64})")
_CHUNK = 1 << 20


def restore(database: Database, blobs: BlobStore, source: Path, *, force: bool = False) -> Contents:
    """Replace what the service has by what the backup has. All rows or none.

    Raises:
        UsageError: it is no backup, it is damaged or of another version, or (without `force`) the service is
            not empty.
    """
    migrate.upgrade(database)
    with database.engine.connect() as connection:
        if not force and not tables.is_empty(connection):
            raise UsageError(
                "The service is not empty. Restore into an empty one, or give --force to replace all."
            )
    with _opened(source) as tar:
        manifest = _checked(tar)
        count = sum(1 for _ in _keep_blobs(tar, blobs))
        rows = _replace_rows(database, tar, manifest)
    return Contents(rows, count)


def check(source: Path) -> dict[str, Any]:
    """Whether a backup is whole; returns its manifest. Raises `UsageError`."""
    with _opened(source) as tar:
        return _checked(tar)


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, mode="r:") as tar:
            yield tar
    except (tarfile.TarError, OSError, EOFError) as error:
        raise UsageError(f"{source} cannot be read as a backup: {error}") from error


def _checked(tar: tarfile.TarFile) -> dict[str, Any]:
    manifest = _manifest(tar)
    for name, described in manifest["tables"].items():
        if _digest(_member(tar, f"tables/{name}.jsonl")) != described["sha256"]:
            raise UsageError(f"The backup is damaged: the rows of {name} are not those that were written.")
    found = 0
    for digest, stream in _blobs(tar):
        found += 1
        if _digest(stream) != digest:
            raise UsageError(f"The backup is damaged: the upload {digest} is not what was written.")
    if found != manifest["blobs"]:
        raise UsageError(f"The backup is damaged: it has {found} of {manifest['blobs']} uploads.")
    return manifest


def _manifest(tar: tarfile.TarFile) -> dict[str, Any]:
    manifest: dict[str, Any] = json.load(_member(tar, "manifest.json"))
    if manifest.get("format") != FORMAT:
        raise UsageError(f"This is no {FORMAT}.")
    if manifest["revision"] != migrate.head():
        raise UsageError(
            f"The backup is of tensorgrade {manifest['version']} (tables {manifest['revision']}, here "
            f"{migrate.head()}): restore it with that version, then run `tensorgrade migrate`."
        )
    if set(manifest["tables"]) != {table.name for table in tables.all_tables()}:
        raise UsageError("The backup has other tables than this version.")
    return manifest


def _keep_blobs(tar: tarfile.TarFile, blobs: BlobStore) -> Iterator[str]:
    for digest, stream in _blobs(tar):
        if not blobs.exists(digest):
            with blobs.receive() as receiving:
                while chunk := stream.read(_CHUNK):
                    receiving.write(chunk)
                receiving.finish()
        yield digest


def _replace_rows(database: Database, tar: tarfile.TarFile, manifest: dict[str, Any]) -> int:
    rows = 0
    with database.engine.execution_options(tensorgrade_write=True).begin() as connection:
        tables.clear(connection)
        for table in tables.all_tables():
            loaded = tables.load(connection, table, _member(tar, f"tables/{table.name}.jsonl"))
            if loaded != manifest["tables"][table.name]["rows"]:
                raise UsageError(f"The backup is damaged: {table.name} has {loaded} rows.")
            rows += loaded
    return rows


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        stream = tar.extractfile(name)
    except KeyError:
        stream = None
    if stream is None:
        raise UsageError(f"The backup is damaged: it has no {name}.")
    return stream


def _blobs(tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    """Nothing is written under a name from the archive: the name is only what the bytes have to hash to."""
    for entry in tar:
        match = _BLOB.fullmatch(entry.name)
        stream = tar.extractfile(entry) if match and entry.isreg() else None
        if match and stream:
            yield match[1], stream


def _digest(stream: IO[bytes]) -> str:
    return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # tarfile's is one
