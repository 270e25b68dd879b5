"""Transactions that outlive a lost connection, a deadlock or a busy database."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from api.db.engine import Database

Result = TypeVar("Result")
_TRIES = 8
_FIRST_PAUSE = 0.05  # seconds; doubled each time: 6 s in all


def in_transaction(database: Database, work: Callable[[Session], Result]) -> Result:
    """Run `work` in a transaction, and again if the database failed in the middle.

    A commit whose answer was lost may have happened. So `work` has to look at what it finds, as all writes
    that check a fencing token do.
    """
    pause = _FIRST_PAUSE
    for _ in range(_TRIES - 1):
        try:
            with database.write() as session:
                return work(session)
        except (OperationalError, InterfaceError):
            time.sleep(pause)
            pause *= 2
    with database.write() as session:
        return work(session)
