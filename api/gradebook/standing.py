"""How one student stands in one assignment: what they may still do, and what counts so far."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.courses.extensions import last_due
from api.db.accounts import User
from api.db.courses import Assignment
from api.db.submissions import Submission
from api.gradebook.book import Book, Result
from api.gradebook.reports import ReportBook, total
from api.gradebook.shown import Shown, shown
from api.gradebook.views import LateView, ReportLine, Standing, SubmissionLine
from api.policies import Decision, Visible, lateness, may_submit, visibility


def standing(
    session: Session, assignment: Assignment, user_id: uuid.UUID, now: datetime, *, as_staff: bool = False
) -> Standing:
    """How a student stands, with the scores that they may see now; `as_staff`: with all scores."""
    book = Book(session, assignment, [user_id])
    policy, extension = book.policy, book.records.extension(assignment.id, user_id)
    due = book.records.due(assignment.id, user_id)
    spendable, left = book.late_days_to_spend(user_id), book.late_days_left(user_id)
    decision = _decision(book, user_id, now, spendable)
    shown_from = last_due(session, assignment, policy, user_id)
    seen = visibility(policy, shown_from, now, assignment.is_published)
    view = _view(session, book, user_id, None if as_staff else seen)
    result = book.result(user_id)
    counting, final = result.counting, result.final
    report = _report(session, book, user_id, shows_marks=as_staff or assignment.is_published)
    return Standing(
        time_zone=assignment.course.time_zone,
        opens_at=policy.opens_at,
        due_at=due,
        closes_at=policy.closes_at,
        is_extended=due != policy.due_at,
        extra_submissions=extension.submissions,
        if_submitted_now=LateView.of(lateness(policy, due, now, spendable)),
        may_submit=decision.allowed,
        reason=decision.reason,
        quota_left=decision.quota_left,
        next_at=decision.next_at,
        late_days_left=left if book.spends_late_days else None,
        counts=policy.counts,
        are_scores_shown=as_staff or seen.scores,
        is_provisional=not view.is_complete,
        counting=counting.id if counting else None,
        score=counting.score if counting else None,
        max_score=counting.max_score if counting else None,
        final_score=final,
        report=report,
        total_score=total(final, report.score if report else None),
        submissions=_lines(session, result),
    )


def _report(session: Session, book: Book, user_id: uuid.UUID, *, shows_marks: bool) -> ReportLine | None:
    """Their report, with its points if those are shown."""
    reports = ReportBook(session, book.assignment, book.records, [user_id])
    grade = reports.grade(user_id)
    if grade is None or reports.most is None:
        return None
    return ReportLine(
        id=grade.id,
        received_at=grade.received_at,
        lateness=LateView.of(grade.late),
        score=grade.score if shows_marks else None,
        max_score=reports.most,
        is_marked=grade.is_marked and shows_marks,
    )


def _decision(book: Book, user_id: uuid.UUID, now: datetime, spendable: int) -> Decision:
    """Whether they may submit now."""
    records, identifier = book.records, book.assignment.id
    previous = [one.received_at for one in records.entries(identifier, user_id) if one.may_count]
    extra = records.extension(identifier, user_id).submissions
    return may_submit(book.policy, records.due(identifier, user_id), now, previous, extra, spendable)


def _view(session: Session, book: Book, user_id: uuid.UUID, seen: Visible | None) -> Shown:
    """Put the scores that are shown in the place of the true ones; `seen` None: those are shown."""
    entries = book.records.entries(book.assignment.id, user_id)
    view = Shown(list(entries), True) if seen is None else shown(session, entries, seen)
    book.records.replace(book.assignment.id, user_id, view.entries)
    return view


def _lines(session: Session, result: Result) -> list[SubmissionLine]:
    """The history, the newest first."""
    names = _names(session, [one.id for one in result.entries])
    lines = []
    for index, (one, late) in enumerate(zip(result.entries, result.settled.lateness, strict=True)):
        file_name, submitted_by = names[one.id]
        line = SubmissionLine(
            id=one.id,
            file_name=file_name,
            submitted_by=submitted_by,
            received_at=one.received_at,
            state=one.state,
            score=one.score,
            max_score=one.max_score,
            lateness=LateView.of(late),
            final_score=result.settled.finals[index],
            counts=index == result.settled.index,
            is_chosen=one.is_chosen,
            is_test=one.is_test,
        )
        lines.append(line)
    return lines[::-1]


def _names(session: Session, submissions: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """The file's name, and whose it is, of each submission."""
    query = (
        select(Submission.id, Submission.file_name, User.name, User.email)
        .join(User, User.id == Submission.user_id)
        .where(Submission.id.in_(submissions))
    )
    return {row[0]: (row[1], row[2] or row[3]) for row in session.execute(query)}
