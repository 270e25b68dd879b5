"""HTTP routes: the queue, for those who run courses."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts.actor import Actor, Scope
from api.accounts.dependencies import Acting
from api.audit import record
from api.courses.access import SubmissionAccess, require_instructor, submission_for
from api.db.courses import Enrolment, Role
from api.db.queue import Job, JobState
from api.db.submissions import Submission
from api.errors import Forbidden, NotFound
from api.pagination import Page, Paging
from api.queue.dead import dead_letters, retry
from api.queue.depth import QueueDepth, WorkerSeen, depths, workers
from api.services import Running

router = APIRouter(tags=["queue"])


class QueueView(BaseModel):
    """What waits, what runs, and who works."""

    queues: list[QueueDepth]
    workers: list[WorkerSeen]


class DeadLetter(BaseModel):
    """A job that was given up. `kind` is `spec` (the author's fault) or `infrastructure` (ours)."""

    id: uuid.UUID
    submission: uuid.UUID
    assignment: uuid.UUID
    stage: str
    queue: str
    kind: str
    error: str
    attempts: int
    finished_at: datetime | None


class Retried(BaseModel):
    """The job waits again."""

    id: uuid.UUID
    state: str


@router.get("/queue", summary="The queues and the workers")
def read_queue(actor: Acting, services: Running) -> QueueView:
    """How many jobs wait and run, for how long the oldest has waited, and which workers are there."""
    with services.database.read() as session:
        _courses(session, actor, (Role.TA, Role.INSTRUCTOR))
        return QueueView(queues=depths(session), workers=workers(session))


@router.get("/queue/dead", summary="Jobs that were given up")
def read_dead(actor: Acting, services: Running, paging: Paging) -> Page[DeadLetter]:
    """Newest first: all of them for administrators, those of their courses for instructors."""
    with services.database.read() as session:
        courses = _courses(session, actor, (Role.INSTRUCTOR,))
        found = dead_letters(session, courses, limit=paging.limit + 1, after=paging.after)
        return paging.page([_letter(*one) for one in found], [job.id for job, _ in found])


@router.post("/queue/dead/{job}/retry", summary="Give a dead letter another try", status_code=202)
def retry_dead(job: uuid.UUID, actor: Acting, services: Running) -> Retried:
    """It gets as many attempts as a new one, and so do the stages after it."""
    with services.database.write() as session:
        access = _access_to(session, actor, job)
        require_instructor(access)
        queues = retry(session, job, services.settings)
        record(session, actor.user_id, "job.retry", "job", job, access.course.id)
    for queue in queues:
        services.doorbell.ring(queue)
    return Retried(id=job, state=JobState.QUEUED)


def _access_to(session: Session, actor: Actor, job_id: uuid.UUID) -> SubmissionAccess:
    """The submission that a job is for. Nothing tells a job of others from one that does not exist."""
    job = session.get(Job, job_id)
    try:
        return submission_for(session, actor, "" if job is None else str(job.submission_id))
    except NotFound:
        raise NotFound(f"There is no job {str(job_id)!r} in your courses.") from None


def _courses(session: Session, actor: Actor, roles: Collection[Role]) -> list[uuid.UUID] | None:
    """The courses where the actor is one of these; None for all. Raises `Forbidden` if there is none."""
    if actor.is_admin and actor.has(Scope.ADMIN):
        return None
    mine = select(Enrolment.course_id).where(Enrolment.user_id == actor.user_id, Enrolment.role.in_(roles))
    found = list(session.scalars(mine))
    if not found:
        raise Forbidden(f"Only for: {', '.join(roles)} of a course.")
    return found


def _letter(job: Job, submission: Submission) -> DeadLetter:
    kind, _, reason = (job.error or "").partition(": ")
    return DeadLetter(
        id=job.id,
        submission=submission.id,
        assignment=submission.assignment_id,
        stage=job.stage,
        queue=job.queue,
        kind=kind,
        error=reason,
        attempts=job.attempt,
        finished_at=job.finished_at,
    )
