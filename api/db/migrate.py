"""Brings a database to the state that this version of the service expects (Alembic)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from api.db.engine import Database

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 7_238_114_502  # any number: processes that migrate the same PostgreSQL database wait for each other


def upgrade(database: Database, revision: str = "head") -> None:
    """Apply what is missing, all or nothing. Safe to run by several processes at once."""
    writer = database.engine.execution_options(tensorgrade_write=True)  # SQLite: the write lock at once
    with writer.begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(_config(connection), revision)


def current(database: Database) -> str | None:
    """The revision that the database is at; None if it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@lru_cache
def head() -> str:
    """The revision that this version of the service expects."""
    found = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    if found is None:
        raise RuntimeError(f"There are no migrations in {_SCRIPTS}.")
    return found


def is_at_head(database: Database) -> bool:
    """Whether nothing is missing."""
    return current(database) == head()


def write_revision(database: Database, message: str) -> None:
    """For developers: write a migration from what `database` (at head) lacks compared with the models."""
    with database.engine.connect() as connection:
        command.revision(_config(connection), message, autogenerate=True)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
