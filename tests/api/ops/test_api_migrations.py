"""Migrations: they make what the models say, in both databases, whoever runs them at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from api.db import migrate
from api.db.engine import Database
from api.db.models import Base


@pytest.fixture
def empty(backend: str, tmp_path: Path, request: pytest.FixtureRequest):
    """A database without tables."""
    if backend == "sqlite":
        opened = Database(f"sqlite:///{tmp_path / 'empty.sqlite'}")
        yield opened
        opened.close()
        return
    server = request.getfixturevalue("postgresql")
    opened = Database(server.create("empty"))
    yield opened
    opened.close()
    server.drop("empty")


both = pytest.mark.parametrize("backend", ["sqlite", "postgresql"], indirect=True)


@both
def test_migrations_and_models_agree(empty):
    migrate.upgrade(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


@both
def test_an_empty_database_knows_that_it_is_behind(empty):
    assert migrate.current(empty) is None
    assert not migrate.is_at_head(empty)
    migrate.upgrade(empty)
    assert migrate.is_at_head(empty)
    migrate.upgrade(empty)  # nothing is left to do


@both
def test_several_processes_may_migrate_at_once(empty):
    others = [Database(empty.engine.url.render_as_string(hide_password=False)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate.upgrade, others))
    for one in others:
        one.close()
    assert migrate.is_at_head(empty)


@both
def test_the_first_migration_can_be_taken_back(empty):
    migrate.upgrade(empty)
    with empty.engine.execution_options(tensorgrade_write=True).begin() as connection:
        command.downgrade(migrate._config(connection), "base")
    assert set(inspect(empty.engine).get_table_names()) <= {"alembic_version"}
