"""Looks whether what the service keeps is whole: the tables, and every upload that they name."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select, text

from api.blobs import BlobStore, MissingBlob
from api.db import migrate
from api.db.engine import Database
from api.db.submissions import Blob


def faults(database: Database, blobs: BlobStore) -> Iterator[str]:
    """A sentence for each thing that is not as it has to be."""
    if not migrate.is_at_head(database):
        yield f"The database is at revision {migrate.current(database)}, not {migrate.head()}."
        return
    if database.is_sqlite:
        yield from _file_faults(database)
    with database.read() as session:
        digests = list(session.scalars(select(Blob.digest).order_by(Blob.digest)))
    for digest in digests:
        try:
            if not blobs.verify(digest):
                yield f"The upload {digest} is not what was handed in."
        except MissingBlob:
            yield f"The upload {digest} is gone."


def _file_faults(database: Database) -> Iterator[str]:
    with database.read() as session:
        for (found,) in session.execute(text("PRAGMA integrity_check")):
            if found != "ok":
                yield f"SQLite: {found}."
        for row in session.execute(text("PRAGMA foreign_key_check")):
            yield f"A row of {row[0]} refers to a row of {row[2]} that is gone."
