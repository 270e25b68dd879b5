"""What tests of the service may use: databases, brokers, the application, and a small university in it.

A test (or fixture) that asks for `database` runs once with SQLite and once with PostgreSQL; all others run
with SQLite and no broker. With SERVICE_TESTS=composed (`make test-composed`) all run with PostgreSQL and
Redis.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from servers import PostgreSql, Redis
from starlette.testclient import TestClient
from world import World, make_world

from api.db import migrate
from api.db.engine import Database
from api.settings import Settings

COMPOSED = os.environ.get("SERVICE_TESTS") == "composed"
_NUMBERS = itertools.count()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Both databases for those that name `database`."""
    if "database" in metafunc.fixturenames and not COMPOSED:
        metafunc.parametrize("backend", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """Which database this test runs with."""
    return getattr(request, "param", "postgresql" if COMPOSED else "sqlite")


@pytest.fixture(scope="session")
def postgresql_template(postgresql: PostgreSql) -> PostgreSql:
    """The server, with a database `template` that has all tables."""
    _make_tables(postgresql.create("template"))
    return postgresql


@pytest.fixture
def broker_url(redis_server: Redis) -> str:
    """An empty Redis."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that has all tables."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    _make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture
def database_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of this test's own, with all tables and no rows."""
    if backend == "sqlite":
        path = tmp_path / "home" / "tensorgrade.sqlite"
        path.parent.mkdir()
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgreSql = request.getfixturevalue("postgresql_template")
    name = f"test_{next(_NUMBERS)}"
    yield server.create(name, "template")
    server.drop(name)


@pytest.fixture
def service_settings(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> Settings:
    """Settings with a home of this test's own; nothing of the machine's environment that tests would miss."""
    return Settings(
        _env_file=None,
        home=tmp_path / "home",
        database_url=database_url,
        broker_url=request.getfixturevalue("broker_url") if COMPOSED else "",
        rate_limits=False,
        log_format="text",
    )


@pytest.fixture
def database(service_settings: Settings) -> Iterator[Database]:
    """The database of `service_settings`: SQLite, then PostgreSQL."""
    opened = Database(service_settings.database)
    yield opened
    opened.close()


@pytest.fixture
def world(service_settings: Settings) -> Iterator[World]:
    """Everybody and everything, in the database of `service_settings`."""
    opened = Database(service_settings.database)
    yield make_world(service_settings, opened)
    opened.close()


@pytest.fixture
def app(service_settings: Settings) -> Iterator[FastAPI]:
    """The application."""
    from api.app import create_app

    made = create_app(service_settings)
    yield made
    made.state.services.close()


@pytest.fixture
def client(app: FastAPI, service_settings: Settings) -> Iterator[TestClient]:
    """A browser or script that talks to `app`. Redirects are not followed."""
    with TestClient(app, base_url=service_settings.url, follow_redirects=False) as opened:
        yield opened


def _make_tables(url: str) -> None:
    """All tables, by the migrations as everywhere."""
    database = Database(url)
    try:
        migrate.upgrade(database)
    finally:
        database.close()
