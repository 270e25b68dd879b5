"""The test world itself: both databases, real servers, and rows that the service could have written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from servers import PostgreSql, Redis
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from world import World

from api.db.engine import Database
from api.db.models import Submission, User
from grader.scoring.model import Score


def test_the_world_is_the_same_in_both_databases(database: Database, world: World) -> None:
    identifier = world.submission("alice")
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 7
        found = session.get_one(Submission, identifier)
    assert found.user.email == "alice@example.edu"
    assert found.assignment.course.slug == "dl101"


def test_a_stored_score_is_a_score(world: World) -> None:
    from api.db.models import Grading

    world.submission("bob", score=4.0)
    with world.database.read() as session:
        stored = session.scalars(select(Grading.score_json)).one()
    assert Score.model_validate(stored).score == 4.0


def test_redis_keeps_what_it_has_when_killed(redis_server: Redis) -> None:
    redis_server.call(lambda client: client.set("a", "1"))
    redis_server.kill()
    redis_server.start()
    assert redis_server.call(lambda client: client.get("a")) in (b"1", None)  # written every second


def test_connections_can_be_cut(postgresql: PostgreSql) -> None:
    database = Database(postgresql.create("cut_me"))
    with pytest.raises(OperationalError):
        _read_while(database, lambda: postgresql.cut("cut_me"))
    with database.read() as session:
        assert session.scalar(select(1)) == 1
    database.close()
    postgresql.drop("cut_me")


def _read_while(database: Database, happens: Callable[[], int]) -> None:
    with database.read() as session:
        session.scalar(select(1))
        assert happens() >= 1
        session.scalar(select(1))
