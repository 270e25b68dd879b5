"""Several threads write in one transaction of SQLite."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from servers import wait_for
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.db.shared import SharedWrites

_THREADS = 6


class Store:
    """A file with one table of texts, and how often it was committed."""

    def __init__(self, path: Path) -> None:
        self.engine: Engine = create_engine(f"sqlite:///{path}")
        self.fails_to_commit = False
        self.commits = 0

        @event.listens_for(self.engine, "connect")
        def _manual(connection: Any, _record: object) -> None:
            connection.isolation_level = None

        @event.listens_for(self.engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

        with self.engine.begin() as connection:
            connection.execute(text("CREATE TABLE texts (text TEXT UNIQUE)"))

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            yield connection
            if self.fails_to_commit:
                raise OperationalError("COMMIT", {}, OSError("disk full"))
        self.commits += 1

    def texts(self) -> set[str]:
        with self.engine.connect() as connection:
            return set(connection.scalars(text("SELECT text FROM texts")))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "texts.sqlite")
    yield made
    made.engine.dispose()


def test_those_who_wait_share_a_transaction(store: Store) -> None:
    shared = SharedWrites(store.transaction)
    written = _beside_a_slow_one(shared, [_insert(str(number)) for number in range(_THREADS)])
    assert {future.result() for future in written} == {str(number) for number in range(_THREADS)}
    assert store.texts() == {"slow", *(str(number) for number in range(_THREADS))}
    assert store.commits == 2


def test_a_failure_undoes_its_own_work_only(store: Store) -> None:
    shared = SharedWrites(store.transaction)
    works = [_insert("before"), _insert_and_raise("wrong"), _insert("after"), _insert("slow")]
    before, wrong, after, twice = _beside_a_slow_one(shared, works)
    assert (before.result(), after.result()) == ("before", "after")
    with pytest.raises(LookupError, match="wrong"):
        wrong.result()
    assert "UNIQUE" in str(twice.exception())
    assert store.texts() == {"slow", "before", "after"}


def test_a_commit_that_fails_is_told_to_everybody(store: Store) -> None:
    shared = SharedWrites(store.transaction)

    def slow(session: Session) -> None:
        store.fails_to_commit = True

    written = _beside_a_slow_one(shared, [_insert("a"), _insert_and_raise("b")], first=slow)
    assert all("disk full" in str(future.exception()) for future in written)
    store.fails_to_commit = False
    assert shared.run(_insert("c")) == "c"
    assert store.texts() == {"c"}


def test_a_broken_database_ends_the_whole_transaction(store: Store) -> None:
    shared = SharedWrites(store.transaction)

    def breaks(session: Session) -> None:
        session.execute(text("SELECT * FROM nowhere"))

    written = _beside_a_slow_one(shared, [_insert("a"), breaks, _insert("b")])
    assert all("nowhere" in str(future.exception()) for future in written)
    assert store.texts() == {"slow"}


def test_what_was_written_is_there_when_run_returns(store: Store) -> None:
    shared = SharedWrites(store.transaction)

    def write(name: str) -> bool:
        shared.run(_insert(name))
        return name in store.texts()

    with ThreadPoolExecutor(_THREADS) as pool:
        assert all(pool.map(write, [str(number) for number in range(100)]))


def _beside_a_slow_one(
    shared: SharedWrites, works: list[Callable[[Session], Any]], first: Callable[[Session], Any] | None = None
) -> list[Future[Any]]:
    """Run them while another one holds the transaction, so that they have to wait, in this order."""
    has_begun, may_end = threading.Event(), threading.Event()

    def slow(session: Session) -> None:
        has_begun.set()
        assert may_end.wait(30)
        (first or _insert("slow"))(session)

    with ThreadPoolExecutor(len(works) + 1) as pool:
        pool.submit(shared.run, slow)
        assert has_begun.wait(30)
        futures = []
        for number, work in enumerate(works, 1):
            futures.append(pool.submit(shared.run, work))
            wait_for(lambda number=number: shared.waiting == number, 30, "it waits")
        may_end.set()
    return futures


def _insert(name: str) -> Callable[[Session], str]:
    def work(session: Session) -> str:
        session.execute(text("INSERT INTO texts VALUES (:name)"), {"name": name})
        return name

    return work


def _insert_and_raise(name: str) -> Callable[[Session], str]:
    def work(session: Session) -> str:
        _insert(name)(session)
        raise LookupError(name)

    return work
