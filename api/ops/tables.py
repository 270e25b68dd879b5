"""Rows of any table as lines of JSON, and back: the same for SQLite and PostgreSQL."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, Uuid, insert, select

from api.db.base import UtcDateTime
from api.db.models import Base

_BATCH = 500


def all_tables() -> list[Table]:
    """Every table, each after those that it refers to."""
    return list(Base.metadata.sorted_tables)


def is_empty(connection: Connection) -> bool:
    """Whether no table has a row."""
    return not any(
        connection.execute(select(1).select_from(table).limit(1)).first() for table in all_tables()
    )


def dump(connection: Connection, table: Table) -> Iterator[bytes]:
    """The rows, a line each, in the order of their keys."""
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_BATCH)
    for row in connection.execute(query):
        line = {column.name: _plain(row._mapping[column]) for column in table.columns}
        yield json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def load(connection: Connection, table: Table, lines: Iterable[bytes]) -> int:
    """Insert them; returns how many there were."""
    count = 0
    batch: list[dict[str, Any]] = []
    for line in lines:
        row = json.loads(line)
        batch.append({column.name: _typed(column, row[column.name]) for column in table.columns})
        if len(batch) == _BATCH:
            connection.execute(insert(table), batch)
            count += len(batch)
            batch = []
    if batch:
        connection.execute(insert(table), batch)
    return count + len(batch)


def clear(connection: Connection) -> None:
    """Remove every row."""
    for table in reversed(all_tables()):
        connection.execute(table.delete())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    return uuid.UUID(value) if isinstance(column.type, Uuid) else value
