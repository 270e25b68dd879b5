"""Whatever is killed, lost, repeated or cut: each acknowledged upload is graded once, as if nothing had been.

`make chaos` runs it in full (CHAOS_SUBMISSIONS=200 CHAOS_ROUNDS=3).
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos_broker import Broker, FileBroker, RedisBroker
from chaos_mischief import Mischief
from chaos_students import Students
from processes import Service
from servers import PostgreSql, Redis, wait_for
from sqlalchemy import delete, select
from world import World, make_world

from api.db import migrate
from api.db.engine import Database
from api.db.models import Assignment, Grading, Job, Submission, TestRow
from api.db.queue import JobState
from api.settings import Settings
from grader.assignment import REPOSITORY
from grader.engine import Engine
from grader.scoring.model import Score

SUBMISSIONS = int(os.environ.get("CHAOS_SUBMISSIONS", "30"))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))
WORKERS = 2
_SAMPLES = REPOSITORY / "test_specs/vu_dl_a3/samples"
_FILES = ("right/loops.py", "right/numpy_im2col.py", "wrong/kernel_flipped.py", "wrong/squeeze.py")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Each alone in its folder: beside the samples lies answers.toml, which is not uploaded."""
    copies = [tmp_path_factory.mktemp("upload") / Path(name).name for name in _FILES]
    for name, copy in zip(_FILES, copies, strict=True):
        shutil.copy(_SAMPLES / name, copy)
    return copies


@pytest.fixture(scope="module")
def undisturbed(engine: Engine, files: list[Path]) -> dict[str, Score]:
    """What each file gets when nothing happens."""
    return {path.name: engine.grade("vu_dl_a3", path, seed=1, stage="quick") for path in files}


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Service]:
    """SQLite and messages in files."""
    database = Database(f"sqlite:///{tmp_path / 'tensorgrade.sqlite'}")
    yield from _service(tmp_path, database, broker_url="")


@pytest.fixture
def composed(tmp_path: Path, postgresql: PostgreSql, redis_server: Redis) -> Iterator[Service]:
    """PostgreSQL and Redis."""
    redis_server.flush()
    database = Database(postgresql.create("chaos"))
    yield from _service(tmp_path, database, broker_url=redis_server.url)
    postgresql.drop("chaos")


def _service(home: Path, database: Database, broker_url: str) -> Iterator[Service]:
    migrate.upgrade(database)
    url = database.url.render_as_string(hide_password=False)
    service = Service(home, database, {"DATABASE_URL": url, "BROKER_URL": broker_url})
    try:
        yield service
    finally:
        service.kill_all()
        database.close()


def test_embedded(embedded: Service, undisturbed: dict[str, Score], files: list[Path]) -> None:
    _run(embedded, FileBroker(embedded.home), None, undisturbed, files)


def test_composed(
    composed: Service,
    postgresql: PostgreSql,
    redis_server: Redis,
    undisturbed: dict[str, Score],
    files: list[Path],
) -> None:
    _run(composed, RedisBroker(redis_server), postgresql, undisturbed, files)


def _run(
    service: Service,
    broker: Broker,
    postgresql: PostgreSql | None,
    undisturbed: dict[str, Score],
    files: list[Path],
) -> None:
    students = _students(service, files)
    share = max(1, SUBMISSIONS // (8 * ROUNDS))
    mischief = Mischief(service, broker, students, share, postgresql)
    service.start_api()
    for _ in range(WORKERS):
        service.start_worker()
    try:
        acts = mischief.acts() * ROUNDS
        random.Random(SEED).shuffle(acts)  # noqa: S311 - not a secret
        for act in acts:
            act()
        for upload in students.burst(max(0, SUBMISSIONS - len(students.uploads))):
            upload.result(120)
        mischief.all_done()
    finally:
        students.close()
    _each_graded_once(service, students, undisturbed)
    service.end()
    wait_for(lambda: not service.left_over(), 10, f"no process is left: {service.left_over()}")


def _students(service: Service, files: list[Path]) -> Students:
    world: World = make_world(Settings(_env_file=None, home=service.home), service.database)
    with world.database.write() as session:  # workers warm up for each assignment: one is enough
        session.execute(delete(Assignment).where(Assignment.slug != "vu_dl_a3"))
    headers = [world.token(name) for name in ("alice", "bob", "ta")]
    return Students(service.url, str(world.ids["vu_dl_a3"]), headers, files)


def _each_graded_once(service: Service, students: Students, undisturbed: dict[str, Score]) -> None:
    with service.database.read() as session:
        submissions = {str(row.id): row for row in session.scalars(select(Submission)).unique()}
        gradings = session.scalars(select(Grading)).all()
        jobs = {job.grading_id: job for job in session.scalars(select(Job))}
        tests = session.execute(select(TestRow.grading_id, TestRow.test_id, TestRow.attempt)).all()
    assert sorted(submissions) == sorted(upload.submission for upload in students.uploads)
    assert len(gradings) == len(submissions) == len(jobs)
    assert {job.state for job in jobs.values()} == {JobState.DONE}
    for upload in students.uploads:
        row, expected = submissions[upload.submission], undisturbed[upload.path.name]
        assert row.file_name == upload.path.name
        assert (row.score, row.max_score) == (expected.score, expected.max_score)
    for grading in gradings:
        expected = undisturbed[submissions[str(grading.submission_id)].file_name]
        score = Score.model_validate(grading.score_json)
        assert _verdicts(score) == _verdicts(expected)
        found = Counter(test for identifier, test, _ in tests if identifier == grading.id)
        assert found == Counter(test.id for test in expected.tests)
        attempts = {attempt for identifier, _, attempt in tests if identifier == grading.id}
        assert attempts == {jobs[grading.id].attempt}


def _verdicts(score: Score) -> list[tuple[str, str, float]]:
    return [(test.id, test.status, test.score) for test in score.tests]
