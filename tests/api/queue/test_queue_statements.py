"""What the queue costs the database, and in which order rows go in."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from queue_helpers import SPEC, a_score, job_of, regrade, submission_of, take
from sqlalchemy import event

from api.db.courses import Assignment
from api.db.queue import JobState
from api.db.submissions import Grading, State, Submission
from api.queue.enqueue import enqueue
from api.queue.finish import finish, save_tests

_FRAMES = ("BEGIN", "SAVEPOINT", "RELEASE")


@contextmanager
def counted(database):
    """The statements of all sessions meanwhile, without those that begin and end transactions."""
    statements = []

    def note(_connection, _cursor, statement, *_):
        if not statement.startswith(_FRAMES):
            statements.append(" ".join(statement.split()[:3]))

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


def hand_in(world, *, slow=False):
    """A submission and its grading that nobody has flushed."""
    digest = world.blob(b"x = 1\n")
    with world.database.read() as session:
        assignment = session.get_one(Assignment, world.ids[SPEC])
        session.expunge_all()
    assignment.spec_version.has_slow = slow
    submission = Submission(
        assignment=assignment,
        user_id=world.ids["alice"],
        blob_digest=digest,
        file_name="conv.py",
        size=6,
    )
    with world.database.write() as session:
        session.add(assignment)
        enqueue(session, Grading(seed=7), submission, assignment.spec_version, world.settings)
    return submission.id


def test_what_nobody_has_flushed_goes_in_in_order(database, world):
    """Twenty times: the order of a set of new objects is not always the same."""
    for _ in range(20):
        one = hand_in(world, slow=True)
        assert submission_of(world, one).grading_id == job_of(world, one).grading_id
        assert job_of(world, one, "slow").state == JobState.BLOCKED


@pytest.mark.parametrize("slow", [False, True])
def test_a_new_submission_costs_four_statements(database, world, slow):
    """Its own row, its grading's, one look at whose turn it is, and one insert for all its jobs."""
    hand_in(world)  # the first one of all starts the queue's clock
    world.set(Assignment, SPEC, is_open=True)
    with world.database.write() as session:
        session.get_one(Assignment, world.ids[SPEC]).spec_version.has_slow = slow
    with counted(world.database) as statements:
        hand_in(world, slow=slow)
    mine = [one for one in statements if "blobs" not in one and not one.startswith("SELECT assignments")]
    assert [one.split()[0] for one in mine] == ["INSERT", "INSERT", "SELECT", "INSERT"], mine


def test_a_post_costs_five_statements_in_its_transaction(client, world):
    """The fifth is for its bytes. PostgreSQL has many writers: there the student's row is locked first."""
    path, headers = f"/api/v1/assignments/{SPEC}/submissions", world.token("alice")
    assert client.post(path, headers=headers, files={"file": ("a.py", b"x = 1\n")}).status_code == 202
    writes = []
    engine = client.app.state.services.database.engine

    def note(connection, _cursor, statement, *_):
        if connection.get_execution_options().get("tensorgrade_write"):
            writes.append(" ".join(statement.split()[:3]))

    event.listen(engine, "before_cursor_execute", note)
    assert client.post(path, headers=headers, files={"file": ("b.py", b"x = 2\n")}).status_code == 202
    event.remove(engine, "before_cursor_execute", note)
    assert [one for one in writes if not one.startswith((*_FRAMES, "SELECT users.id"))] == [
        "INSERT INTO blobs",
        "INSERT INTO submissions",
        "INSERT INTO gradings",
        "SELECT queue_clocks.virtual_time, (SELECT",
        "INSERT INTO jobs",
    ]


def test_a_grading_costs_few_statements(database, world):
    hand_in(world)
    score = a_score(8.0)
    with counted(world.database) as statements:
        mine = take(world)
    assert len(statements) <= 7, statements
    with counted(world.database) as statements:
        assert save_tests(world.database, mine, score.tests[:2], total=4)
    assert len(statements) <= 3, statements
    with counted(world.database) as statements:
        assert finish(world.database, mine, score, world.settings)
    assert len(statements) <= 7, statements


def test_a_regrade_still_cancels_what_waits_of_an_earlier_one(database, world):
    one = hand_in(world)
    first = job_of(world, one)
    with world.database.write() as session:
        session.get_one(Submission, one).state = State.FAILED
    regrade(world, one)
    mine = take(world)
    assert mine.grading_id != first.grading_id
    assert submission_of(world, one).grading_id == mine.grading_id
    assert take(world) is None
