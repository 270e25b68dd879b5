"""What a worker writes: results as they come, and how a job ended. Each write checks the fencing token.

Every function returns False if the lease was lost; then nothing was written, and nothing is to be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Update, delete, insert, or_, select, update
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

    rows = [_row(claim, place, result) for place, result in enumerate(results, start)]

    def save(session: Session) -> bool:
        if held(session, claim) is None:
            return False
        if total is not None:
            tests_total = _earlier_tests(claim) + total
            _change(
                session, update(Grading).where(Grading.id == claim.grading_id).values(tests_total=tests_total)
            )
        _insert(session, rows)
        return True

    return in_transaction(database, save)


def finish(
    database: Database, claim: Claim, score: Score, settings: Settings, *, all_anew: bool = False
) -> bool:
    """The stage is done: its score, and the tests that were not saved yet; the next stage may start.

    score: of all stages that are done so far.
    all_anew: every stage was run again by this job, so what was saved of the earlier ones is replaced.
    """
    values: dict[str, Any] = {  # made before the transaction: others wait while it lasts
        "spec_version": score.spec_version,
        "score_json": score.model_dump(mode="json", by_alias=True),
        "tests_total": len(score.tests),
    }
    rows = _ordered_rows(claim, score)

    def write(session: Session) -> bool:
        job = held(session, claim)
        if job is None:
            return False
        job.state = JobState.DONE
        job.finished_at = now()
        job.lease_until = job.error = None
        session.flush()  # the job first: locks are taken in this order everywhere
        _complete_tests(session, claim, rows, all_anew)
        ended: dict[str, Any] = {}
        if not _next_stages(session, claim, score, settings):
            ended = {"finished_at": now(), "score": score.score, "max_score": score.max_score}
            _conclude(session, claim, score)
        _change(session, update(Grading).where(Grading.id == claim.grading_id).values(**values, **ended))
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


def next_queue(claim: Claim, score: Score) -> str | None:
    """Where the next stage waits, if there is one.

    A submission that cannot be imported fails its slow tests wherever they run, so it takes no GPU: its slow
    stage waits where the quick one did, and is graded without.
    """
    if claim.next_queue == "gpu" and not score.imported:
        return claim.queue
    return claim.next_queue


def _next_stages(session: Session, claim: Claim, score: Score, settings: Settings) -> bool:
    """Let the next stage start. Whether anything is left to do, or was cancelled."""
    queue = next_queue(claim, score)
    others = session.scalars(
        select(Job).where(Job.grading_id == claim.grading_id, Job.id != claim.job_id).with_for_update()
    ).all()
    for other in others:
        if other.state == JobState.BLOCKED:
            other.queue = queue or other.queue
            _unblock(session, other, settings)
    return any(other.state != JobState.DONE for other in others)


def _unblock(session: Session, job: Job, settings: Settings) -> None:
    moment = now()
    job.state = JobState.QUEUED
    job.rank = next_rank(session, job.queue, job.user_id)
    job.queued_at = job.available_at = moment
    job.deadline_at = waiting_deadline(moment, settings)


def _conclude(session: Session, claim: Claim, score: Score) -> None:
    """All stages are done. It is the submission's official grading now, unless a later one is.

    Ids are sorted by time.
    """
    is_latest = or_(
        Submission.grading_id.is_(None), Submission.grading_id <= claim.grading_id
    )  # sorted by time
    _change(
        session,
        update(Submission)
        .where(Submission.id == claim.submission_id, is_latest)
        .values(
            grading_id=claim.grading_id,
            score=score.score,
            max_score=score.max_score,
            state=State.GRADED,
        ),
    )


def _complete_tests(session: Session, claim: Claim, rows: Sequence[dict[str, Any]], all_anew: bool) -> None:
    """Insert the results that were not saved on the way."""
    if all_anew:
        session.execute(delete(TestRow).where(TestRow.grading_id == claim.grading_id))
    saved = set(session.scalars(select(TestRow.test_id).where(TestRow.grading_id == claim.grading_id)))
    _insert(session, [row for row in rows if row["test_id"] not in saved])


def _ordered_rows(claim: Claim, score: Score) -> list[dict[str, Any]]:
    """Numbered within their stages."""
    stages = [[test for test in score.tests if test.slow is slow] for slow in (False, True)]
    return [_row(claim, place, test) for stage in stages for place, test in enumerate(stage)]


def _insert(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(TestRow), rows)


def _change(session: Session, statement: Update) -> None:
    """Without a look at what the session has loaded: nothing of it is used afterwards."""
    session.execute(statement, execution_options={"synchronize_session": False})


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
