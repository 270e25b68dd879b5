"""Dead letters: what an operator, or the assignment's author, has to look at."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.db.base import now
from api.db.courses import Assignment
from api.db.queue import Job, JobState
from api.db.submissions import Submission
from api.errors import Conflict
from api.queue.states import wait_again, waiting_deadline
from api.settings import Settings


def dead_letters(
    session: Session,
    courses: Collection[uuid.UUID] | None,
    *,
    limit: int,
    after: uuid.UUID | None = None,
) -> Sequence[tuple[Job, Submission]]:
    """Newest first; of these courses, or of all."""
    query = (
        select(Job, Submission)
        .join(Submission, Submission.id == Job.submission_id)
        .where(Job.state == JobState.DEAD)
        .order_by(Job.id.desc())
        .limit(limit)
    )
    if courses is not None:
        query = query.join(Assignment, Assignment.id == Submission.assignment_id).where(
            Assignment.course_id.in_(courses)
        )
    if after is not None:
        query = query.where(Job.id < after)
    return [(job, submission) for job, submission in session.execute(query).unique()]


def retry(session: Session, job_id: uuid.UUID, settings: Settings) -> list[str]:
    """A dead letter gets a new set of attempts, and so do the stages after it.

    Returns:
        The queues to ring, once the transaction is committed.

    Raises:
        Conflict: it is no dead letter any more.
    """
    dead = session.scalar(select(Job).where(Job.id == job_id, Job.state == JobState.DEAD).with_for_update())
    if dead is None:
        raise Conflict("This job is not a dead letter any more: somebody has retried or regraded it already.")
    undone = session.scalars(
        select(Job)
        .where(Job.grading_id == dead.grading_id, Job.state.in_((JobState.DEAD, JobState.CANCELLED)))
        .order_by(Job.stage)  # quick, then slow
    ).all()
    first, *later = undone
    first.retries = 0
    wait_again(session, first, settings)
    for job in later:
        job.retries, job.finished_at, job.state = 0, None, JobState.BLOCKED
        job.deadline_at = waiting_deadline(now(), settings, stages=2)
    return [first.queue]
