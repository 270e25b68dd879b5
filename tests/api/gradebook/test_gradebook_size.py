"""A large course takes few queries. (How long it takes: `make load`.)"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, insert

from api.db.base import new_id, now
from api.db.courses import Assignment, Course, Enrolment
from api.db.models import Blob, Submission, User
from api.gradebook.table import rows, students

STUDENTS, EACH = 200, 20


@pytest.fixture
def large(world, database):
    """Students with submissions."""
    course, assignment, at = world.ids["dl101"], world.ids["vu_dl_a3"], now() - timedelta(days=10)
    ids = [new_id() for _ in range(STUDENTS)]
    submissions = [
        {
            "id": new_id(),
            "assignment_id": assignment,
            "user_id": user,
            "blob_digest": "0" * 64,
            "file_name": "a.py",
            "size": 1,
            "state": "graded",
            "received_at": at + number * timedelta(hours=1),
            "score": float(number % 11),
            "max_score": 10.0,
        }
        for user in ids
        for number in range(EACH)
    ]
    with database.write() as session:
        session.add(Blob(digest="0" * 64, size=1))
        session.execute(
            insert(User), [{"id": user, "email": f"{user}@example.edu", "name": "A"} for user in ids]
        )
        session.execute(
            insert(Enrolment), [{"course_id": course, "user_id": user, "role": "student"} for user in ids]
        )
        session.execute(insert(Submission), submissions)
    world.set(
        Assignment,
        "vu_dl_a3",
        policy={"due_at": (at + timedelta(hours=25)).isoformat(), "late": {"kind": "late_days"}},
    )
    world.set(Course, "dl101", late_days=1)
    return assignment


def test_many_students_with_many_submissions_take_few_queries(large, database):
    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with database.read() as session:
        assignment = session.get_one(Assignment, large)
        listed = students(session, assignment.course_id)
        table = rows(session, assignment, listed, everybody=True)
    assert sum(row.final_score == 10.0 for row in table) == STUDENTS
    assert sum(row.submissions for row in table) == STUDENTS * EACH
    assert len(statements) <= 8
