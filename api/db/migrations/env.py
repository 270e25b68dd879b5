"""What Alembic runs: always with a connection that `api.db.migrate` made."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, Connection

from api.db import models  # noqa: F401 - registers every table
from api.db.base import Base, UtcDateTime


def _render(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Migrations do not depend on types of ours, which may change. `Json` is in script.py.mako."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return "Json" if kind == "type" and isinstance(item, JSON) else False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=_render,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
