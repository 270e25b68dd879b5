"""What every test may use: a warm engine and real servers, or the reason why this machine cannot have one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from machine import unavailable

from grader.engine import Engine
from grader.errors import InfrastructureError

if TYPE_CHECKING:
    from servers import PostgreSql, Redis


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """An engine over the repository's own assignments."""
    with Engine() as made:
        try:
            made.prepare("vu_dl_a3")
        except InfrastructureError as error:
            unavailable(f"no sandbox here: {error}")
        yield made


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    """A PostgreSQL server for the whole run."""
    from servers import PostgreSql, ServerUnavailable

    try:
        server = PostgreSql()
    except ServerUnavailable as error:
        unavailable(str(error))
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A Redis server for the whole run. A test that kills it starts it again."""
    from servers import Redis, ServerUnavailable

    try:
        server = Redis()
    except ServerUnavailable as error:
        unavailable(str(error))
    yield server
    server.close()
