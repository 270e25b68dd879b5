"""A real worker, killed and stopped at every point."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import select
from worker_helpers import WorkerProcess, found, hand_in, is_ready, jobs, wait_until
from world import RIGHT, World

from api.db.queue import JobState
from api.db.submissions import Grading, State, TestRow
from grader.scoring.model import Score, without_times

WRONG = RIGHT.replace(b"return", b"return None #", 3)


@pytest.fixture
def start(service_settings, tmp_path):
    """Starts workers, and ends what is left of them."""
    started = []

    def _start(**changes):
        worker = WorkerProcess(service_settings, tmp_path / f"worker{len(started)}.log", **changes)
        started.append(worker)
        return worker

    yield _start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


def graded(world: World, ids):
    return lambda: all(found(world, one).state == State.GRADED for one in ids)


def scores(world: World, submission_id) -> list[Score]:
    with world.database.read() as session:
        query = select(Grading.score_json).where(Grading.submission_id == submission_id)
        return [Score.model_validate(one) for one in session.scalars(query)]


def test_a_worker_grades_and_stops(database, world, start):
    worker = start()
    wait_until(is_ready(world), worker=worker)
    first = hand_in(world, "alice", RIGHT)
    wait_until(graded(world, [first]), worker=worker)
    started = time.perf_counter()
    ids = [hand_in(world, name, RIGHT) for name in ("alice", "bob", "ta", "alice")]
    wait_until(graded(world, ids), worker=worker)
    print(f"four more in {time.perf_counter() - started:.2f} s")
    one = found(world, ids[0])
    assert 0 < one.score <= one.max_score
    with database.read() as session:
        rows = session.scalars(select(TestRow).where(TestRow.grading_id == one.grading_id)).all()
        grading = session.get_one(Grading, one.grading_id)
    assert {row.test_id for row in rows} == {test["id"] for test in grading.score_json["tests"]}
    assert sorted(row.position for row in rows) == list(range(len(rows)))
    assert worker.stop() == 0, worker.words()
    assert not is_ready(world)()


def test_a_worker_that_is_killed_loses_nothing(database, world, start):
    """Killed again and again while it grades: each is graded once, with the score of an undisturbed run."""
    worker = start()
    wait_until(is_ready(world), worker=worker)
    undisturbed = hand_in(world, "ta", RIGHT)
    wait_until(graded(world, [undisturbed]), worker=worker)
    # Without rings: else each is graded before the next one is there, and nothing is to be killed.
    ids = [hand_in(world, name, RIGHT, ring=False) for _ in range(6) for name in ("alice", "bob")]
    for pause in (0.15, 0.4):
        wait_until(lambda: any(found(world, one).state == State.GRADING for one in ids), worker=worker)
        time.sleep(pause)
        worker.kill()
        worker = start(attempts=10)
        time.sleep(1.0)
    wait_until(graded(world, ids), seconds=90, worker=worker)
    expected = without_times(scores(world, undisturbed)[0])
    for one in ids:
        (only,) = scores(world, one)
        assert without_times(only) == expected
        assert [job.state for job in jobs(world, one)] == [JobState.DONE]
    assert worker.stop() == 0, worker.words()


def test_without_a_message_the_sweeper_finds_it(world, start):
    worker = start()
    wait_until(is_ready(world), worker=worker)
    lost = hand_in(world, "alice", RIGHT, ring=False)
    wait_until(graded(world, [lost]), worker=worker)


def test_without_a_broker_it_works_and_stops(world, start):
    worker = start(broker_url="redis://127.0.0.1:1/0")
    wait_until(is_ready(world), worker=worker)
    ids = [hand_in(world, name, RIGHT, ring=False) for name in ("alice", "bob")]
    wait_until(graded(world, ids), worker=worker)
    assert worker.stop() == 0, worker.words()


def test_redis_rings(world, start, broker_url, service_settings):
    settings = service_settings.model_copy(update={"broker_url": broker_url})
    ringing = World(settings, world.database, world.ids)
    worker = start(broker_url=broker_url, sweep_seconds=300.0)
    wait_until(is_ready(world), worker=worker)
    one = hand_in(ringing, "alice", RIGHT)
    wait_until(graded(world, [one]), worker=worker)
    assert worker.stop() == 0, worker.words()


def test_told_to_stop_it_gives_back_what_it_cannot_finish(world, start):
    worker = start(stop_seconds=0.0, concurrency=1)
    wait_until(is_ready(world), worker=worker)
    sleepy = RIGHT + b"\nimport time\ntime.sleep(6)\n"
    one = hand_in(world, "alice", sleepy)
    wait_until(lambda: found(world, one).state == State.GRADING, worker=worker)
    time.sleep(0.5)
    assert worker.stop(20) == 0, worker.words()
    (job,) = jobs(world, one)
    assert (job.state, job.retries, found(world, one).state) == (JobState.QUEUED, 0, State.QUEUED), (
        worker.words()
    )


def test_both_stages_of_a_small_course(world, start, tmp_path: Path):
    """Quick and slow, `requires` across them, specs that change, and a mistake of the author."""
    root = small_course(tmp_path)
    rename(world, "lab")
    worker = start(root=str(root))
    wait_until(is_ready(world), worker=worker)
    good = hand_in(world, "alice", GOOD, slow=True)
    bad = hand_in(world, "bob", GOOD.replace(b"2 * x", b"3 * x"), slow=True)
    wait_until(graded(world, [good, bad]), worker=worker)
    assert (found(world, good).score, found(world, good).max_score) == (7, 7)
    (score,) = scores(world, bad)
    assert {test.id.rpartition("::")[2]: str(test.status) for test in score.tests} == {
        "test_double": "failed",
        "test_triple": "passed",
        "test_needs_double": "skipped",
        "test_needs_triple": "passed",
    }
    assert (score.stage, score.score, score.max_score) == ("all", 3, 7)

    spec = root / "test_specs" / "lab" / "test_lab.py"
    spec.write_text(spec.read_text().replace("@points(2)", "@points(5)", 1))
    again = hand_in(world, "ta", GOOD, slow=True)
    wait_until(graded(world, [again]), worker=worker)
    assert found(world, again).max_score == 10

    spec.write_text("def test_nothing(:\n")
    broken = hand_in(world, "alice", GOOD)
    wait_until(lambda: found(world, broken).state == State.FAILED, worker=worker)
    (job,) = jobs(world, broken)
    assert job.state == JobState.DEAD
    assert job.error.startswith("spec: ")
    assert job.attempt == 1
    assert worker.stop() == 0, worker.words()


def test_a_mixture_of_versions_is_never_a_score(world, start, tmp_path: Path):
    """The specs change between the stages: all of them are run again with the new ones."""
    root = small_course(tmp_path)
    rename(world, "lab")
    quick_only = start(root=str(root), queues="quick")
    wait_until(is_ready(world), worker=quick_only)
    one = hand_in(world, "alice", GOOD, slow=True)
    wait_until(
        lambda: len(jobs(world, one)) == 2 and jobs(world, one)[0].state == JobState.DONE, worker=quick_only
    )
    quick_only.stop()
    spec = root / "test_specs" / "lab" / "test_lab.py"
    spec.write_text(spec.read_text().replace("@points(2)", "@points(5)", 1))
    slow_only = start(root=str(root), queues="slow")
    wait_until(graded(world, [one]), worker=slow_only)
    (score,) = scores(world, one)
    assert (score.stage, score.score, score.max_score) == ("all", 10, 10)
    with world.database.read() as session:
        rows = session.scalars(
            select(TestRow).where(TestRow.grading_id == found(world, one).grading_id)
        ).all()
        assert sum(row.max_score for row in rows) == 10


def test_an_upload_that_is_gone_is_a_dead_letter(world, start):
    worker = start(retry_seconds=0.0)
    wait_until(is_ready(world), worker=worker)
    one = hand_in(world, "alice", b"x = 1\n", ring=False)
    for path in (world.settings.home / "blobs").rglob(found(world, one).blob_digest):
        path.unlink()
    wait_until(lambda: found(world, one).state == State.FAILED, worker=worker)
    assert jobs(world, one)[0].attempt == 3


def test_the_examiner_and_the_fork_server_may_die(world, start):
    """Whatever dies below the worker: it notices, starts another one and goes on."""
    worker = start(attempts=10)
    wait_until(is_ready(world), worker=worker)
    for _ in range(2):
        below = children(worker.process.pid)
        assert len(below) >= 2
        for process in below:
            kill(process)
        ids = [hand_in(world, name, RIGHT) for name in ("alice", "bob")]
        wait_until(graded(world, ids), worker=worker)


GOOD = b"def double(x):\n    return 2 * x\n\ndef triple(x):\n    return 3 * x\n"
SPEC = '''
from grader.spec import close, points, requires, slow

@points(2)
def test_double(submission):
    """double doubles."""
    assert submission.solution.double(3) == close(6)

@points(1)
def test_triple(submission):
    """triple triples."""
    assert submission.solution.triple(3) == close(9)

@slow
@points(2)
@requires("test_double")
def test_needs_double(submission):
    """double of a double."""
    assert submission.solution.double(submission.solution.double(1)) is not None

@slow
@points(2)
@requires("test_triple")
def test_needs_triple(submission):
    """triple of a triple."""
    assert submission.solution.triple(submission.solution.triple(1)) is not None
'''


def small_course(tmp_path: Path) -> Path:
    root = tmp_path / "course"
    folder, reference = root / "test_specs" / "lab", root / "reference" / "lab"
    folder.mkdir(parents=True)
    reference.mkdir(parents=True)
    (folder.parent / "pytest.ini").write_text("[pytest]\n")
    (folder / "assignment.toml").write_text('name = "lab"\ntitle = "Lab"\n')
    (folder / "test_lab.py").write_text(SPEC)
    (reference / "solution.py").write_bytes(GOOD)
    return root


def rename(world: World, spec: str) -> None:
    """The assignment's specs are now others."""
    from api.db.courses import Assignment

    for slug in ("vu_dl_a3", "ift6390_hw3", "other_a3"):
        world.set(Assignment, slug, spec=spec)


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(word) for task in tasks for word in (task / "children").read_text().split()]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
