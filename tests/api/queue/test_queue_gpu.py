"""CPU stages run first, and code that cannot be imported never takes a GPU."""

from __future__ import annotations

from queue_helpers import SPEC, a_score, job_of, line_up, regrade, take

from api.db.courses import Assignment
from api.db.queue import JobState
from api.queue.finish import finish, next_queue


def needs_gpu(world):
    with world.database.write() as session:
        session.get_one(Assignment, world.ids[SPEC]).spec_version.needs_gpu = True


def test_quick_tests_come_first_and_on_a_processor(world):
    needs_gpu(world)
    submission = line_up(world, "alice", slow=True)
    assert take(world, "gpu") is None
    assert job_of(world, submission, "slow").state == JobState.BLOCKED
    quick = take(world, "quick")
    assert quick.next_queue == "gpu"
    assert next_queue(quick, a_score()) == "gpu"
    assert finish(world.database, quick, a_score(), world.settings)
    assert take(world, "gpu").stage == "slow"


def test_what_cannot_be_imported_takes_no_gpu(world):
    needs_gpu(world)
    submission = line_up(world, "alice", slow=True)
    quick = take(world, "quick")
    broken = a_score(0.0).model_copy(update={"imported": False})
    assert next_queue(quick, broken) == "quick"  # the one to ring
    assert finish(world.database, quick, broken, world.settings)
    assert take(world, "gpu") is None
    slow = take(world, "quick")
    assert (slow.stage, slow.submission_id) == ("slow", submission)
    assert slow.earlier["imported"] is False  # so it is graded without a GPU
    assert finish(world.database, slow, a_score(0.0, slow=True), world.settings)
    assert job_of(world, submission, "slow").state == JobState.DONE


def test_slow_stages_without_a_gpu_stay_where_they_are(world):
    line_up(world, "alice", slow=True)
    quick = take(world, "quick")
    broken = a_score(0.0).model_copy(update={"imported": False})
    assert finish(world.database, quick, broken, world.settings)
    assert take(world, "slow").stage == "slow"


def test_a_regrade_that_can_be_imported_takes_one(world):
    needs_gpu(world)
    submission = line_up(world, "alice", slow=True)
    broken = a_score(0.0).model_copy(update={"imported": False})
    assert finish(world.database, take(world, "quick"), broken, world.settings)
    assert finish(world.database, take(world, "quick"), a_score(0.0, slow=True), world.settings)
    regrade(world, submission, slow=True)
    assert finish(world.database, take(world, "quick"), a_score(), world.settings)
    assert take(world, "gpu").stage == "slow"
