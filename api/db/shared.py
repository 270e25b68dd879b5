"""Writes of several threads in one transaction: one turn, one sync of the disk, for all that wait.

While one thread commits, those that come meanwhile gather; the first of them then writes for all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

T = TypeVar("T")
_Work = Callable[[Session], Any]


class SharedWrites:
    """`transaction` opens one on a connection, and commits it at the end of its `with`."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._transaction = transaction
        self._gathering = threading.Lock()
        self._waiting: list[tuple[_Work, Future[Any]]] = []
        self._writing = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many the next transaction will carry."""
        return len(self._waiting)

    def run(self, work: Callable[[Session], T]) -> T:
        """Run `work` with a session of its own; return when it is committed. What it raises undoes it alone.

        Raises:
            Exception: what `work` raised, or what kept the transaction from being committed.
        """
        done: Future[T] = Future()
        with self._gathering:
            self._waiting.append((work, done))
        with self._writing:
            if not done.done():
                self._write_all()
        return done.result()

    def _write_all(self) -> None:
        batch: list[tuple[_Work, Future[Any]]] = []
        try:
            with self._transaction() as connection:
                batch = self._take()  # now, not earlier: more came while we waited for our turn
                settle = [_settlement(work, done, connection) for work, done in batch]
        except Exception as error:
            for _work, done in batch or self._take():
                done.set_exception(error)
            return
        for each in settle:
            each()

    def _take(self) -> list[tuple[_Work, Future[Any]]]:
        with self._gathering:
            batch, self._waiting = self._waiting, []
        return batch


def _settlement(work: _Work, done: Future[Any], connection: Connection) -> Callable[[], None]:
    """Do the work within a savepoint; returns what tells its thread, which has to wait for the commit.

    Raises:
        OperationalError: the database failed, which may have ended the whole transaction.
    """
    try:
        with _session(connection) as session, session.begin():
            result = work(session)
    except OperationalError:
        raise
    except Exception as error:
        return partial(done.set_exception, error)
    return partial(done.set_result, result)


def _session(connection: Connection) -> Session:
    return Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
