"""Whether the service can do its work: database, uploads, migrations."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text

from api.db import migrate
from api.services import Services

_LOG = logging.getLogger(__name__)
_NO_BLOB = "0" * 64


@dataclass(frozen=True)
class Finding:
    """One thing that was tried. `problem` is a sentence; empty if all is well."""

    name: str
    problem: str


def examine(services: Services) -> list[Finding]:
    """Try everything that a request may need."""
    database = _try("database", lambda: _ask(services), "The database does not answer.")
    migrations = (
        Finding("migrations", "Unknown without the database.")
        if database.problem
        else _try("migrations", lambda: _at_head(services), "The database needs `tensorgrade migrate`.")
    )
    blobs = _try("blobs", lambda: services.blobs.exists(_NO_BLOB), "The uploads cannot be read.")
    return [database, migrations, blobs]


def _ask(services: Services) -> None:
    with services.database.read() as session:
        session.execute(text("SELECT 1"))


def _at_head(services: Services) -> None:
    found = migrate.current(services.database)
    if found != migrate.head():
        raise RuntimeError(f"The database is at {found}, this version needs {migrate.head()}.")


def _try(name: str, action: Callable[[], object], sentence: str) -> Finding:
    try:
        action()
    except Exception as error:
        _LOG.warning("Not ready (%s): %s", name, error)  # the reason may hold addresses: for the log only
        return Finding(name, sentence)
    return Finding(name, "")
