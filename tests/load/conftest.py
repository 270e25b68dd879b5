"""Collects what was measured, and prints it as one table at the end."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from measurements import Measurements
from processes import Service
from rich.console import Console
from rich.table import Table
from servers import PostgreSql, Redis
from world import World, make_world

from api.db import migrate
from api.db.engine import Database
from api.settings import Settings
from grader.assignment import REPOSITORY

BACKENDS = ("sqlite", "postgresql")
_SAMPLE = REPOSITORY / "test_specs/vu_dl_a3/samples/right/loops.py"


@pytest.fixture(scope="session")
def measured() -> Iterator[Measurements]:
    """Where measurements go."""
    collected = Measurements()
    yield collected
    table = Table("what", "with", "median / p95 / worst", title=f"{platform.node()}, {platform.machine()}")
    for row in collected.rows:
        table.add_row(*row)
    Console(width=120).print("\n", table)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Both databases."""
    return str(request.param)


@pytest.fixture
def load_settings(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """SQLite and messages in files, or PostgreSQL and Redis; all tables, no rows."""
    database_url, broker_url = f"sqlite:///{tmp_path / 'tensorgrade.sqlite'}", ""
    if backend == "postgresql":
        server: PostgreSql = request.getfixturevalue("postgresql")
        broker: Redis = request.getfixturevalue("redis_server")
        broker.flush()
        server.drop("load")
        database_url, broker_url = server.create("load"), broker.url
    database = Database(database_url)
    migrate.upgrade(database)
    database.close()
    return Settings(
        _env_file=None,
        home=tmp_path,
        database_url=database_url,
        broker_url=broker_url,
        rate_limits=False,
    )


@pytest.fixture
def load_world(load_settings: Settings) -> Iterator[World]:
    """The people and assignments."""
    database = Database(load_settings.database)
    yield make_world(load_settings, database)
    database.close()


@pytest.fixture
def service(load_settings: Settings, load_world: World) -> Iterator[Service]:
    """Real processes: the API, and a worker with as many gradings at once as there are cores."""
    urls = {"DATABASE_URL": load_settings.database, "BROKER_URL": load_settings.broker_url}
    started = Service(load_settings.home, load_world.database, urls | {"TENSORGRADE_CONCURRENCY": "0"})
    started.start_api()
    started.start_worker()
    yield started
    started.kill_all()


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A right solution, alone in its folder."""
    copy = tmp_path / "upload" / _SAMPLE.name
    copy.parent.mkdir()
    shutil.copy(_SAMPLE, copy)
    return copy
