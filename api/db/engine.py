"""Opens the database: SQLite in WAL mode by default, PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from api.db import models  # noqa: F401 - a foreign key has a type only once the table it refers to is there
from api.db.shared import SharedWrites
from api.db.turns import Turns

T = TypeVar("T")

_BUSY_MILLISECONDS = 20_000  # how long a writer waits for another one


class Database:
    """One database, for all threads of a process."""

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite and parsed.database:
            _make_private(Path(parsed.database))
        options: dict[str, Any] = {
            "pool_pre_ping": not self.is_sqlite,
            "pool_size": pool_size,
            "max_overflow": 40,
            "hide_parameters": True,  # an error in a log must not have password hashes in it
        }
        self.engine: Engine = create_engine(parsed, **options)
        self.url = parsed
        self._turns = Turns(Path(parsed.database)) if self.is_sqlite and parsed.database else None
        if self.is_sqlite:
            _tune(self.engine)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._writing = self.engine.execution_options(tensorgrade_write=True)
        self._writers = sessionmaker(self._writing, expire_on_commit=False)
        self._shared = SharedWrites(self._begin)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading. Nothing is committed."""
        with self._sessions() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction: committed at the end of the `with`, rolled back if it raises.

        In SQLite it takes the write lock at once: a transaction that reads first and writes later could be
        refused in the middle.
        """
        with self._turn(), self._writers() as session, session.begin():
            yield session

    def write_shared(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction. In SQLite others that wait for their turn to write share it.

        PostgreSQL has many writers at once: there a shared one would only hold row locks for longer.

        Raises:
            Exception: what `work` raised, which undoes it; or what kept the database from committing.
        """
        if self.is_sqlite:
            return self._shared.run(work)
        with self.write() as session:
            return work(session)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    def _turn(self) -> AbstractContextManager[None]:
        return nullcontext() if self._turns is None else self._turns.take()

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self._turn(), self._writing.begin() as connection:
            yield connection


def _make_private(path: Path) -> None:
    """An empty file for SQLite that only we may read: it will hold grades, and hashes of passwords."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        path.touch(mode=0o600)


def _tune(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # what was acknowledged survives a power cut
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("tensorgrade_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
