"""A result is written once, by whoever holds the lease, whatever dies."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from queue_helpers import a_score, job_of, line_up, regrade, rows_of, set_job, submission_of, take

from api.db.base import now
from api.db.queue import JobState
from api.db.submissions import Grading, State
from api.errors import Conflict
from api.queue.dead import dead_letters, retry
from api.queue.finish import fail, finish, save_tests
from api.queue.lease import extend, give_back, give_back_orphans
from api.queue.sweeper import sweep
from grader.errors import InfrastructureError, SpecError


@pytest.fixture
def prompt(service_settings):
    """Settings under which a failed attempt is tried again at once."""
    return service_settings.model_copy(update={"retry_seconds": 0.0})


def let_the_lease_run_out(world, mine):
    set_job(world, mine.job_id, lease_until=now() - timedelta(seconds=1))


def test_quick_alone_is_the_end(database, world):
    submission_id = line_up(world, "alice")
    mine = take(world)
    assert submission_of(world, submission_id).state == State.GRADING
    score = a_score(8.0)
    assert save_tests(database, mine, score.tests[:2], total=4)
    assert finish(database, mine, score, world.settings)
    found = submission_of(world, submission_id)
    assert (found.state, found.score, found.max_score) == (State.GRADED, 8.0, 10.0)
    assert [row.test_id for row in rows_of(world, mine.grading_id)] == [test.id for test in score.tests]
    assert not finish(database, mine, a_score(0.0), world.settings)
    assert submission_of(world, submission_id).score == 8.0


def test_slow_waits_for_quick_and_ends_it(database, world):
    submission_id = line_up(world, "alice", slow=True)
    quick = take(world)
    assert quick.next_queue == "slow"
    finish(database, quick, a_score(8.0), world.settings)
    between = submission_of(world, submission_id)
    assert (between.state, between.score) == (State.GRADING, None)
    slow = take(world, "slow")
    assert slow.earlier["score"] == 8.0
    assert slow.earlier["stage"] == "quick"
    assert save_tests(database, slow, a_score(slow=True).tests[4:6], total=4)
    with database.read() as session:
        assert session.get_one(Grading, slow.grading_id).tests_total == 8
    assert finish(database, slow, a_score(9.0, slow=True), world.settings)
    after = submission_of(world, submission_id)
    assert (after.state, after.score) == (State.GRADED, 9.0)
    rows = rows_of(world, slow.grading_id)
    assert [(row.stage, row.position) for row in rows] == [
        *(("quick", place) for place in range(4)),
        *(("slow", place) for place in range(4)),
    ]


def test_a_new_version_replaces_the_results_of_the_old_one(database, world):
    line_up(world, "alice", slow=True)
    finish(database, take(world), a_score(8.0), world.settings)
    slow = take(world, "slow")
    other = a_score(2.0, slow=True)
    other = other.model_copy(update={"tests": other.tests[1:]})
    assert finish(database, slow, other, world.settings, all_anew=True)
    assert {row.test_id for row in rows_of(world, slow.grading_id)} == {test.id for test in other.tests}


def test_a_worker_that_fell_silent_is_refused(database, world, prompt):
    submission_id = line_up(world, "alice")
    silent = take(world, worker="silent")
    save_tests(database, silent, a_score().tests[:3], total=4)
    let_the_lease_run_out(world, silent)
    assert sweep(database, prompt).returned == 1
    assert submission_of(world, submission_id).state == State.QUEUED
    assert not save_tests(database, silent, a_score().tests[3:], start=3)
    assert not finish(database, silent, a_score(1.0), world.settings)
    other = take(world, worker="other")
    assert other.attempt == silent.attempt + 1
    assert rows_of(world, other.grading_id) == []
    assert extend(database, [silent, other], world.settings) == [silent]
    assert not finish(database, silent, a_score(1.0), world.settings)
    assert not fail(database, silent, InfrastructureError("late"), world.settings)
    assert not give_back(database, silent, world.settings)
    assert finish(database, other, a_score(5.0), world.settings)
    assert submission_of(world, submission_id).score == 5.0


def test_three_failures_are_a_dead_letter_and_a_retry_starts_anew(database, world, prompt):
    submission_id = line_up(world, "alice", slow=True)
    for attempt in range(1, 4):
        mine = take(world)
        assert mine.attempt == attempt
        assert fail(database, mine, InfrastructureError("no sandbox"), prompt)
    assert take(world) is None
    assert submission_of(world, submission_id).state == State.FAILED
    job = job_of(world, submission_id)
    assert (job.state, job.error) == (JobState.DEAD, "infrastructure: no sandbox")
    assert job_of(world, submission_id, "slow").state == JobState.CANCELLED
    with database.read() as session:
        assert [one.id for one, _ in dead_letters(session, None, limit=5)] == [job.id]
        assert dead_letters(session, [world.ids["other"]], limit=5) == []
        assert len(dead_letters(session, [world.ids["dl101"]], limit=5)) == 1
    with database.write() as session:
        assert retry(session, job.id, world.settings) == ["quick"]
    assert submission_of(world, submission_id).state == State.QUEUED
    assert job_of(world, submission_id, "slow").state == JobState.BLOCKED
    with pytest.raises(Conflict), database.write() as session:
        retry(session, job.id, world.settings)
    mine = take(world)
    assert mine.attempt == 4
    assert finish(database, mine, a_score(), world.settings)
    assert finish(database, take(world, "slow"), a_score(7.0, slow=True), world.settings)
    assert submission_of(world, submission_id).score == 7.0


def test_a_failure_waits_before_the_next_attempt(database, world):
    submission_id = line_up(world, "alice")
    fail(database, take(world), InfrastructureError("x"), world.settings)
    assert take(world) is None
    wait = job_of(world, submission_id).available_at - now()
    assert timedelta(seconds=3) < wait <= timedelta(seconds=world.settings.retry_seconds)


def test_the_authors_fault_is_not_tried_again(database, world):
    submission_id = line_up(world, "alice")
    assert fail(database, take(world), SpecError("test_x: typo"), world.settings)
    job = job_of(world, submission_id)
    assert (job.state, job.error) == (JobState.DEAD, "spec: test_x: typo")


def test_given_back_it_waits_at_its_old_place_and_costs_no_attempt(database, world):
    first, second = line_up(world, "alice"), line_up(world, "bob")
    mine = take(world)
    assert give_back(database, mine, world.settings)
    again = take(world)
    assert (again.submission_id, again.attempt) == (first, 2)
    assert job_of(world, first).retries == 0
    assert take(world).submission_id == second


def test_orphans_are_given_back(database, world):
    line_up(world, "alice")
    lost = take(world, worker="me")
    line_up(world, "bob")
    held = take(world, worker="me")
    before = now()
    assert give_back_orphans(database, "somebody", [], before, world.settings) == 0
    assert give_back_orphans(database, "me", [held], lost.claimed_at, world.settings) == 0
    assert give_back_orphans(database, "me", [held], before, world.settings) == 1
    assert take(world).job_id == lost.job_id


def test_who_waits_too_long_is_a_dead_letter(database, world):
    submission_id = line_up(world, "alice", slow=True)
    job = job_of(world, submission_id)
    set_job(world, job.id, deadline_at=now() - timedelta(seconds=1))
    assert sweep(database, world.settings).buried == 1
    assert submission_of(world, submission_id).state == State.FAILED
    assert job_of(world, submission_id, "slow").state == JobState.CANCELLED
    assert sweep(database, world.settings).buried == 0


def test_a_stage_may_not_run_for_ever(database, world):
    line_up(world, "alice")
    mine = take(world)
    impatient = world.settings.model_copy(update={"quick_seconds": -100.0})
    assert extend(database, [mine], world.settings) == []
    assert extend(database, [mine], impatient) == [mine]


def test_sweeping_reports_what_waits(database, world):
    assert sweep(database, world.settings).work == ()
    line_up(world, "alice", slow=True)
    assert sweep(database, world.settings).work == ("quick",)


def test_a_regrade_keeps_the_grade_until_it_is_done(database, world):
    submission_id = line_up(world, "alice")
    finish(database, take(world), a_score(8.0), world.settings)
    grading_id = regrade(world, submission_id)
    assert submission_of(world, submission_id).state == State.GRADED
    mine = take(world)
    assert mine.grading_id == grading_id
    assert (submission_of(world, submission_id).state, submission_of(world, submission_id).score) == (
        State.GRADED,
        8.0,
    )
    finish(database, mine, a_score(3.0), world.settings)
    found = submission_of(world, submission_id)
    assert (found.state, found.score, found.grading_id) == (State.GRADED, 3.0, grading_id)


def test_a_regrade_that_dies_leaves_the_grade(database, world):
    submission_id = line_up(world, "alice")
    finish(database, take(world), a_score(8.0), world.settings)
    regrade(world, submission_id)
    fail(database, take(world), SpecError("typo"), world.settings)
    found = submission_of(world, submission_id)
    assert (found.state, found.score) == (State.GRADED, 8.0)


def test_an_older_grading_that_ends_late_does_not_count(database, world):
    submission_id = line_up(world, "alice", slow=True)
    old = take(world)
    new_id = regrade(world, submission_id)
    assert finish(database, old, a_score(1.0), world.settings)
    assert submission_of(world, submission_id).state in (State.QUEUED, State.GRADING)
    assert take(world, "slow") is None  # of the old one: cancelled
    mine = take(world)
    assert mine.grading_id == new_id
    finish(database, mine, a_score(6.0), world.settings)
    assert (submission_of(world, submission_id).score, submission_of(world, submission_id).grading_id) == (
        6.0,
        new_id,
    )


def test_many_workers_many_sweepers_each_once(database, world, prompt):
    """Threads claim, fail, give back and finish at random: every submission is graded exactly once."""
    ids = [line_up(world, name, slow=number % 3 == 0) for number in range(12) for name in ("alice", "bob")]
    finished: Counter = Counter()
    lock, errors = threading.Lock(), []

    def work(number: int) -> None:
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and len(finished) < 24 + 8:
                mine = take(world, ("quick", "slow")[number % 2], f"w{number}")
                sweep(database, prompt)
                if mine is None:
                    time.sleep(0.01)
                    continue
                save_tests(database, mine, a_score().tests[:1] if mine.stage == "quick" else [], total=4)
                if mine.attempt == 1 and number % 3 == 0:
                    give_back(database, mine, prompt)
                    continue
                if mine.attempt == 1 and number % 3 == 1:
                    let_the_lease_run_out(world, mine)
                    sweep(database, prompt)
                score = a_score(5.0, slow=mine.stage == "slow")
                if finish(database, mine, score, prompt):
                    with lock:
                        finished[mine.grading_id, mine.stage] += 1
        except Exception as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(finished.values()) == {1}
    assert len(finished) == 24 + 8
    assert {submission_of(world, one).state for one in ids} == {State.GRADED}
