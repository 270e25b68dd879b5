"""What a worker writes: results as they come, and how a job ended. Each write checks the fencing token.

Every function returns False if the lease was lost; then nothing was written, and nothing is to be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from api.db.base import now
from api.db.engine import Database
from api.db.queue import Job, JobState
from api.db.submissions import Grading, State, Submission, TestRow
from api.queue.claim import Claim
from api.queue.fairness import next_rank
from api.queue.states import SPEC, bury, held, retry_or_bury, waiting_deadline
from api.queue.transactions import in_transaction
from api.settings import Settings
from grader.errors import SpecError
from grader.scoring.model import Score, TestResult

_LONGEST_REASON = 4000


def save_tests(
    database: Database,
    claim: Claim,
    results: Sequence[TestResult],
    *,
    start: int = 0,
    total: int | None = None,
) -> bool:
    """Save results while the stage runs.

    start: how many of the stage were saved before.
    total: how many tests the stage has, once that is known.
    """

    def save(session: Session) -> bool:
        if held(session, claim) is None:
            return False
        if total is not None:
            session.get_one(Grading, claim.grading_id).tests_total = _earlier_tests(claim) + total
        _insert(session, claim, list(enumerate(results, start)))
        return True

    return in_transaction(database, save)


def finish(
    database: Database, claim: Claim, score: Score, settings: Settings, *, all_anew: bool = False
) -> bool:
    """The stage is done: its score, and the tests that were not saved yet; the next stage may start.

    score: of all stages that are done so far.
    all_anew: every stage was run again by this job, so what was saved of the earlier ones is replaced.
    """

    def write(session: Session) -> bool:
        job = held(session, claim)
        if job is None:
            return False
        job.state = JobState.DONE
        job.finished_at = now()
        job.lease_until = job.error = None
        _complete_tests(session, claim, score, all_anew)
        _write_score(session, claim, score, settings)
        return True

    return in_transaction(database, write)


def fail(database: Database, claim: Claim, error: Exception, settings: Settings) -> bool:
    """There is no score. The author's fault: a dead letter at once. Ours: again, a few times."""
    reason = str(error)[:_LONGEST_REASON] or type(error).__name__

    def write(session: Session) -> bool:
        job = held(session, claim)
        if job is None:
            return False
        if isinstance(error, SpecError):
            bury(session, job, SPEC, reason)
        else:
            retry_or_bury(session, job, reason, settings)
        return True

    return in_transaction(database, write)


def _write_score(session: Session, claim: Claim, score: Score, settings: Settings) -> None:
    """The grading's score, and what follows: the next stage, or the end."""
    grading = session.get_one(Grading, claim.grading_id)
    grading.spec_version = score.spec_version
    grading.score_json = score.model_dump(mode="json", by_alias=True)
    grading.tests_total = len(score.tests)
    others = session.scalars(
        select(Job).where(Job.grading_id == grading.id, Job.id != claim.job_id).with_for_update()
    ).all()
    for other in others:
        if other.state == JobState.BLOCKED:
            _unblock(session, other, settings)
    if all(other.state == JobState.DONE for other in others):
        _conclude(session, grading, score)


def _unblock(session: Session, job: Job, settings: Settings) -> None:
    moment = now()
    job.state = JobState.QUEUED
    job.rank = next_rank(session, job.queue, job.user_id)
    job.queued_at = job.available_at = moment
    job.deadline_at = waiting_deadline(moment, settings)


def _conclude(session: Session, grading: Grading, score: Score) -> None:
    """All stages are done. It is the submission's official grading now, unless a later one is."""
    grading.finished_at = now()
    grading.score, grading.max_score = score.score, score.max_score
    session.flush()
    submission = session.scalars(
        select(Submission).where(Submission.id == grading.submission_id).with_for_update(of=Submission)
    ).one()
    if submission.grading_id is None or grading.id.int >= submission.grading_id.int:  # ids are sorted by time
        submission.grading_id = grading.id
        submission.score, submission.max_score = score.score, score.max_score
        submission.state = State.GRADED


def _complete_tests(session: Session, claim: Claim, score: Score, all_anew: bool) -> None:
    """Insert the results that were not saved on the way."""
    if all_anew:
        session.execute(delete(TestRow).where(TestRow.grading_id == claim.grading_id))
    saved = set(session.scalars(select(TestRow.test_id).where(TestRow.grading_id == claim.grading_id)))
    ordered: dict[bool, int] = {True: 0, False: 0}
    missing = []
    for test in score.tests:
        if test.id not in saved:
            missing.append((ordered[test.slow], test))
        ordered[test.slow] += 1
    _insert(session, claim, missing)


def _insert(session: Session, claim: Claim, numbered: Sequence[tuple[int, TestResult]]) -> None:
    if numbered:
        session.execute(insert(TestRow), [_row(claim, place, test) for place, test in numbered])


def _row(claim: Claim, place: int, test: TestResult) -> dict[str, Any]:
    return {
        "grading_id": claim.grading_id,
        "stage": "slow" if test.slow else "quick",
        "attempt": claim.attempt,
        "position": place,
        "test_id": test.id,
        "status": str(test.status),
        "score": test.score,
        "max_score": test.max_score,
        "visibility": str(test.visibility),
        "result": test.model_dump(mode="json"),
    }


def _earlier_tests(claim: Claim) -> int:
    return len(claim.earlier["tests"]) if claim.earlier else 0
