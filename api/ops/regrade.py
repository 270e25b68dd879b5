"""Grading again from the command line."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.audit import record
from api.db.accounts import User
from api.db.base import new_id
from api.db.submissions import Grading, State, Submission
from api.queue.enqueue import enqueue
from api.services import Services
from grader.errors import UsageError


def submissions_of(session: Session, assignment_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """All of an assignment, in the order that they came."""
    query = select(Submission.id).where(Submission.assignment_id == assignment_id).order_by(Submission.id)
    return session.scalars(query).all()


def regrade_one(services: Services, submission_id: uuid.UUID) -> bool:
    """A further grading, with the seed of the last one; False if it is being graded now. Raises `UsageError`.

    All wait in the turn of one administrator, so that students' own submissions go first.
    """
    with services.database.write() as session:
        submission = session.get(Submission, submission_id, with_for_update={"of": Submission})
        if submission is None:
            raise UsageError(f"There is no submission {submission_id}.")
        if submission.state in (State.QUEUED, State.GRADING):
            return False
        last = session.get(Grading, submission.grading_id) if submission.grading_id else None
        version = submission.assignment.spec_version
        seed = last.seed if last is not None else secrets.randbits(31)
        grading = Grading(id=new_id(), submission_id=submission.id, seed=seed, spec_version=version.digest)
        turn_of = session.scalar(select(User.id).where(User.is_admin).order_by(User.id).limit(1))
        queues = enqueue(session, grading, submission, version, services.settings, turn_of=turn_of)
        course_id = submission.assignment.course_id
        record(
            session, None, "submission.regrade", "submission", submission.id, course_id, grading=grading.id
        )
    for queue in queues:
        services.doorbell.ring(queue)
    return True
