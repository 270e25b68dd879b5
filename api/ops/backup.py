"""A backup: one .tar with every row and every upload, consistent while the service runs.

    manifest.json             format, version, revision of the tables, rows and SHA-256 of each table
    tables/<name>.jsonl       its rows
    blobs/<SHA-256>           the bytes of an upload

The rows are those of one moment. Uploads are copied after that moment; nothing that a row names is ever
removed, so all of them are there. What one database wrote the other can read.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, select

from api.blobs import BlobStore
from api.db import migrate
from api.db.base import now
from api.db.engine import Database
from api.db.submissions import Blob
from api.ops import tables
from grader.errors import InfrastructureError, UsageError
from grader.version import __version__

FORMAT = "tensorgrade.backup/1"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Contents:
    """What a backup holds."""

    rows: int
    blobs: int


def write_backup(database: Database, blobs: BlobStore, target: Path) -> Contents:
    """Write one. `target` appears when it is complete.

    Raises:
        UsageError: the file exists, or the database is not at this version's state.
    """
    if target.exists():
        raise UsageError(f"{target} exists already: name another file.")
    if not migrate.is_at_head(database):
        raise UsageError("The database is not that of this version: run `tensorgrade migrate` first.")
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with scratch.open("xb") as stream:
            os.fchmod(stream.fileno(), 0o600)  # it holds everybody's work
            with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
                contents = _write(database, blobs, tar)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.rename(target)
    finally:
        scratch.unlink(missing_ok=True)
    return contents


def _write(database: Database, blobs: BlobStore, tar: tarfile.TarFile) -> Contents:
    described: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="tensorgrade-backup-") as folder:
        with snapshot(database) as connection:
            digests = list(connection.scalars(select(Blob.digest).order_by(Blob.digest)))
            for table in tables.all_tables():
                with (Path(folder) / table.name).open("wb") as rows:
                    described[table.name] = _copy(tables.dump(connection, table), rows)
        manifest = {
            "format": FORMAT,
            "version": __version__,
            "revision": migrate.head(),
            "written_at": now().isoformat(),
            "tables": described,
            "blobs": len(digests),
        }
        _add_bytes(tar, "manifest.json", json.dumps(manifest, indent=1).encode())
        for name in described:
            with (Path(folder) / name).open("rb") as rows:
                _add(tar, f"tables/{name}.jsonl", rows)
    for digest in digests:
        with blobs.open(digest) as upload, tempfile.TemporaryFile() as kept:
            if _copy(iter(partial(upload.read, _CHUNK), b""), kept)["sha256"] != digest:
                raise InfrastructureError(
                    f"The upload {digest} is damaged: `tensorgrade admin verify` lists all."
                )
            _add(tar, f"blobs/{digest}", kept)
    return Contents(sum(one["rows"] for one in described.values()), len(digests))


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """The database at one moment, whatever is written meanwhile. In SQLite (WAL) any transaction is that."""
    engine = database.engine
    if not database.is_sqlite:
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection, connection.begin():
        yield connection


def _copy(chunks: Iterator[bytes], target: IO[bytes]) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    for chunk in chunks:
        target.write(chunk)
        digest.update(chunk)
        count += 1
    return {"rows": count, "sha256": digest.hexdigest()}


def _add(tar: tarfile.TarFile, name: str, stream: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = stream.seek(0, io.SEEK_END)
    entry.mtime, entry.mode = int(time.time()), 0o600
    stream.seek(0)
    tar.addfile(entry, stream)


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    _add(tar, name, io.BytesIO(data))
