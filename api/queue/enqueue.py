"""A grading becomes jobs: a quick one, and a slow one that waits for it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.db.base import new_id, now
from api.db.courses import SpecVersion
from api.db.queue import Job, JobState
from api.db.submissions import Grading, State, Submission
from api.queue.fairness import next_rank
from api.queue.states import waiting_deadline
from api.settings import Settings

WAITING = (JobState.QUEUED, JobState.BLOCKED)


def enqueue(
    session: Session,
    grading: Grading,
    submission: Submission,
    spec_version: SpecVersion,
    settings: Settings,
    *,
    turn_of: uuid.UUID | None = None,
) -> list[str]:
    """Line up a new grading of a submission, in the caller's transaction.

    The first grading is the official one at once. A regrade becomes it when it is finished, so that a grade
    is there all the time; where there is no grade to keep, also at once.

    Neither of the two needs to be in the session: they are added here, one after the other.

    turn_of: who waits for it; by default who handed it in. For a regrade of many: whoever asked for it, so
        that students go first.

    Returns:
        The queues to ring, once the transaction is committed.
    """
    is_first = submission.grading_id is None
    if is_first:
        _make_official(submission, grading)
    session.add(submission)
    session.flush()  # gradings refer to it,
    grading.submission_id = submission.id
    session.add(grading)
    session.flush()  # and jobs to them: nothing tells the ORM in which order to insert them
    if not is_first:
        _cancel_earlier(session, submission.id, grading.id)
    places = replace_waiting(session, submission) if is_first else []  # a regrade is not a newer file
    user_id = turn_of or submission.user_id
    first = _queue_of(spec_version, "quick")
    rank = min(places) if places else next_rank(session, first, user_id)
    moment = now()
    session.add(_job(grading, user_id, "quick", first, moment, settings, rank=rank))
    if spec_version.has_slow:
        second = _queue_of(spec_version, "slow")
        session.add(_job(grading, user_id, "slow", second, moment, settings, state=JobState.BLOCKED))
    session.flush()
    if not is_first and submission.state != State.GRADED:
        _make_official(submission, grading)
        session.flush()
    return [first]


def _make_official(submission: Submission, grading: Grading) -> None:
    """What the student sees is this grading's."""
    grading.id = grading.id or new_id()
    submission.grading_id = grading.id
    submission.state = State.QUEUED


def replace_waiting(session: Session, submission: Submission) -> list[float]:
    """Where the policy says so, the student's submissions that no worker has touched give way to a newer one.

    Returns:
        The ranks of their jobs, the best of which the newer one takes over.
    """
    if not submission.assignment.policy.get("newest_replaces_waiting", False):
        return []
    jobs = [job for job in _untouched(session, submission) if job.stage == "quick"]
    for job in jobs:
        session.execute(
            update(Job)
            .where(Job.grading_id == job.grading_id, Job.state.in_(WAITING))
            .values(state=JobState.CANCELLED, finished_at=now())
        )
        session.execute(
            update(Submission)
            .where(Submission.id == job.submission_id, Submission.grading_id == job.grading_id)
            .values(state=State.SUPERSEDED)
        )
    return [job.rank for job in jobs]


def _untouched(session: Session, submission: Submission) -> Sequence[Job]:
    """The jobs of others of the same student, or group, to the same assignment that were never claimed."""
    if submission.group_id is not None:
        whose = Submission.group_id == submission.group_id
    else:
        whose = Submission.user_id == submission.user_id
    return session.scalars(
        select(Job)
        .join(Submission, Submission.id == Job.submission_id)
        .where(
            Submission.assignment_id == submission.assignment_id,
            whose,
            Submission.id != submission.id,
            Submission.state == State.QUEUED,
            Submission.is_test == submission.is_test,
            Job.state == JobState.QUEUED,
            Job.attempt == 0,
        )
        .with_for_update(of=Job, skip_locked=True)  # one that is being claimed goes on
    ).all()


def _cancel_earlier(session: Session, submission_id: uuid.UUID, grading_id: uuid.UUID) -> None:
    """What waits, or died, of an earlier grading of the same submission is not needed any more."""
    session.execute(
        update(Job)
        .where(
            Job.submission_id == submission_id,
            Job.grading_id != grading_id,
            Job.state.in_((*WAITING, JobState.DEAD)),
        )
        .values(state=JobState.CANCELLED, finished_at=now())
    )


def _queue_of(spec_version: SpecVersion, stage: str) -> str:
    """GPU workers take what needs a GPU: slow tests marked so, or everything if the sandboxes have one."""
    limits = spec_version.config.get("limits") or {}
    if limits.get("gpus") or (stage == "slow" and spec_version.needs_gpu):
        return "gpu"
    return stage


def _job(
    grading: Grading,
    user_id: uuid.UUID,
    stage: str,
    queue: str,
    moment: datetime,
    settings: Settings,
    *,
    rank: float = 0.0,
    state: JobState = JobState.QUEUED,
) -> Job:
    return Job(
        grading_id=grading.id,
        submission_id=grading.submission_id,
        user_id=user_id,
        stage=stage,
        queue=queue,
        state=state,
        rank=rank,
        queued_at=moment,
        available_at=moment,
        deadline_at=waiting_deadline(moment, settings, stages=2 if state is JobState.BLOCKED else 1),
    )
