"""Submissions in the queue, without a web and without an engine."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select, update
from world import World, make_score

from api.db.base import new_id
from api.db.courses import Assignment
from api.db.queue import Job
from api.db.submissions import Grading, Submission, TestRow
from api.queue.claim import Claim, claim
from api.queue.enqueue import enqueue
from grader.scoring.model import Score

SPEC = "vu_dl_a3"


def line_up(
    world: World, user: str, *, slow: bool = False, settings: Any = None, content: bytes = b"x = 1\n"
):
    """Hand something in; the submission's id."""
    digest = world.blob(content)
    with world.database.write() as session:
        submission = Submission(
            id=new_id(),
            assignment_id=world.ids[SPEC],
            user_id=world.ids[user],
            blob_digest=digest,
            file_name="conv.py",
            size=len(content),
        )
        session.add(submission)
        session.flush()
        _line_up(session, world, submission, slow, settings)
        return submission.id


def regrade(world: World, submission_id: uuid.UUID, *, slow: bool = False) -> uuid.UUID:
    """One more grading of it; its id."""
    with world.database.write() as session:
        return _line_up(session, world, session.get_one(Submission, submission_id), slow, None)


def _line_up(session, world, submission, slow, settings) -> uuid.UUID:
    version = session.get_one(Assignment, submission.assignment_id).spec_version
    version.has_slow = slow
    grading = Grading(id=new_id(), submission_id=submission.id, seed=7)
    enqueue(session, grading, submission, version, settings or world.settings)
    return grading.id


def take(world: World, queue: str = "quick", worker: str = "w", settings: Any = None) -> Claim | None:
    return claim(world.database, [queue], worker, settings or world.settings)


def job_of(world: World, submission_id: uuid.UUID, stage: str = "quick") -> Job:
    """Of its latest grading."""
    with world.database.read() as session:
        query = select(Job).where(Job.submission_id == submission_id, Job.stage == stage)
        return session.scalars(query.order_by(Job.id.desc())).first()


def submission_of(world: World, submission_id: uuid.UUID) -> Submission:
    with world.database.read() as session:
        return session.get_one(Submission, submission_id)


def rows_of(world: World, grading_id: uuid.UUID) -> list[TestRow]:
    with world.database.read() as session:
        query = select(TestRow).where(TestRow.grading_id == grading_id)
        return list(session.scalars(query.order_by(TestRow.stage, TestRow.position)))


def set_job(world: World, job_id: uuid.UUID, **columns: Any) -> None:
    with world.database.write() as session:
        session.execute(update(Job).where(Job.id == job_id).values(**columns))


def a_score(points: float = 8.0, *, slow: bool = False) -> Score:
    score = make_score(SPEC, points, 10.0)
    if not slow:
        return score.model_copy(update={"stage": "quick"})
    tests = [
        test.model_copy(update={"id": test.id.replace("world", "slow"), "slow": True}) for test in score.tests
    ]
    return score.model_copy(update={"stage": "all", "tests": (*score.tests, *tests)})
