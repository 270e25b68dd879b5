"""Reads submissions as somebody may see them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, lazyload

from api.accounts.actor import Actor
from api.courses.access import AssignmentAccess, SubmissionAccess
from api.db.accounts import User
from api.db.courses import GroupMember
from api.db.queue import Job, JobState
from api.db.submissions import Grading, State, Submission, TestRow
from api.pagination import PageQuery
from api.queue.position import current_job, estimate_seconds, position
from api.submissions import view
from api.submissions.sight import Sight
from api.submissions.view import Progress, QueuePlace, SubmissionDetail, SubmissionItem, UserRef
from grader.scoring.model import Score, TestResult

Points = tuple[float | None, float | None]
_PENDING = (State.QUEUED, State.GRADING)


@dataclass(frozen=True)
class Filters:
    """Which submissions are asked for."""

    user_id: uuid.UUID | None = None
    state: State | None = None


def listing(
    session: Session, access: AssignmentAccess, actor: Actor, sight: Sight, page: PageQuery, filters: Filters
) -> tuple[list[SubmissionItem], list[uuid.UUID]]:
    """One page of an assignment's submissions, newest first, and their ids: one's own, or for staff all."""
    query = select(Submission).options(lazyload(Submission.assignment), lazyload(Submission.user))
    query = query.where(Submission.assignment_id == access.assignment.id)
    if not access.is_staff:
        query = query.where(_own(session, access, actor))
    if filters.user_id is not None:
        query = query.where(Submission.user_id == filters.user_id)
    if filters.state is not None:
        query = query.where(Submission.state == filters.state)
    if page.after is not None:
        query = query.where(Submission.id < page.after)
    found = session.scalars(query.order_by(Submission.id.desc()).limit(page.limit + 1)).all()
    return items(session, access, sight, found), [one.id for one in found]


def items(
    session: Session, access: AssignmentAccess, sight: Sight, submissions: Sequence[Submission]
) -> list[SubmissionItem]:
    """Submissions of one assignment as lines of a list."""
    points = shown_points(session, sight, submissions)
    users = _users(session, {one.user_id for one in submissions})
    return [
        view.item(
            one, access.assignment, users[one.user_id], points[one.id], shows_results=sight.shows_results
        )
        for one in submissions
    ]


def shown_points(
    session: Session, sight: Sight, submissions: Sequence[Submission]
) -> dict[uuid.UUID, Points]:
    """Score and maximum of each submission, without what the reader may not see yet."""
    if not sight.shows_results:
        return {one.id: (None, None) for one in submissions}
    points: dict[uuid.UUID, Points] = {one.id: (one.score, one.max_score) for one in submissions}
    if not sight.withheld:
        return points
    official = {one.grading_id: one.id for one in submissions if one.grading_id is not None}
    partly_withheld = select(TestRow.grading_id).where(
        TestRow.grading_id.in_(official), TestRow.visibility.in_(sight.withheld)
    )
    graded = session.execute(select(Grading.id, Grading.score_json).where(Grading.id.in_(partly_withheld)))
    for grading_id, score_json in graded:
        shown = sight.score(Score.model_validate(score_json)) if score_json else None
        points[official[grading_id]] = (shown.score, shown.max_score) if shown else (None, None)
    return points


def detail(
    session: Session, access: SubmissionAccess, sight: Sight, warnings: tuple[str, ...] = ()
) -> SubmissionDetail:
    """Everything that the reader may see of one submission."""
    submission = access.submission
    grading = session.get(Grading, submission.grading_id) if submission.grading_id else None
    result = score_of(grading, sight)
    points: Points = (None, None)
    if submission.score is not None and result is not None:
        points = (result.score, result.max_score)
    line = view.item(
        submission,
        access.assignment,
        _user_ref(submission.user),
        points,
        shows_results=sight.shows_results,
    )
    return SubmissionDetail(
        **dict(line),
        sha256=submission.blob_digest,
        queue=queue_place(session, submission.state, submission.grading_id),
        progress=_progress(session, submission, grading, sight),
        grading=view.grading_info(grading) if grading else None,
        result=result,
        error=_error(session, submission) if access.is_staff else None,
        warnings=warnings,
    )


def score_of(grading: Grading | None, sight: Sight) -> Score | None:
    """The score JSON of the stages done so far, as the reader may see it."""
    if grading is None or not grading.score_json or not sight.shows_results:
        return None
    return sight.score(Score.model_validate(grading.score_json))


def queue_place(session: Session, state: str, grading_id: uuid.UUID | None) -> QueuePlace | None:
    """Where a submission in this state waits; None if it does not."""
    if state not in _PENDING or grading_id is None:
        return None
    job = current_job(session, grading_id)
    if job is None or job.state != JobState.QUEUED:
        return None
    place = position(session, job)
    return QueuePlace(stage=job.stage, position=place, estimate_seconds=estimate_seconds(session, job, place))


def _progress(
    session: Session, submission: Submission, grading: Grading | None, sight: Sight
) -> Progress | None:
    if grading is None or not sight.shows_results:
        return None
    if submission.state not in _PENDING:
        count = select(func.count()).where(TestRow.grading_id == grading.id)
        return Progress(tests_done=session.scalar(count) or 0, tests_total=grading.tests_total)
    rows = session.scalars(
        select(TestRow)
        .where(TestRow.grading_id == grading.id)
        .order_by(TestRow.stage, TestRow.attempt, TestRow.position)
    ).all()
    seen = [sight.test(TestResult.model_validate(row.result)) for row in rows]
    return Progress(
        tests_done=len(rows),
        tests_total=grading.tests_total,
        tests=tuple(test for test in seen if test is not None),
    )


def _error(session: Session, submission: Submission) -> str | None:
    """What an operator has to look at."""
    return session.scalar(
        select(Job.error)
        .where(Job.submission_id == submission.id, Job.state == JobState.DEAD)
        .order_by(Job.id.desc())
        .limit(1)
    )


def _own(session: Session, access: AssignmentAccess, actor: Actor) -> ColumnElement[bool]:
    own = Submission.user_id == actor.user_id
    group = session.scalar(
        select(GroupMember.group_id).where(
            GroupMember.assignment_id == access.assignment.id, GroupMember.user_id == actor.user_id
        )
    )
    return own if group is None else or_(own, Submission.group_id == group)


def _users(session: Session, ids: set[uuid.UUID]) -> dict[uuid.UUID, UserRef]:
    rows = session.execute(select(User.id, User.name, User.email).where(User.id.in_(ids)))
    return {row.id: UserRef(id=row.id, name=row.name, email=row.email) for row in rows}


def _user_ref(user: User) -> UserRef:
    return UserRef(id=user.id, name=user.name, email=user.email)
