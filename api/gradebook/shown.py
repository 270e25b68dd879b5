"""Scores as their student may see them now: without the points of tests that are still withheld."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.db.submissions import Grading, Submission
from api.gradebook.records import Entry
from api.policies import Visible
from grader.scoring.model import Score
from grader.scoring.views import student_view


class Shown(NamedTuple):
    """Entries with the scores that are shown, and whether they are all the points there are."""

    entries: list[Entry]
    is_complete: bool


def shown(session: Session, entries: Sequence[Entry], visible: Visible) -> Shown:
    """What a student sees of these submissions of theirs."""
    if not visible.scores:
        return Shown([one._replace(score=None, max_score=None) for one in entries], False)
    if visible.after_due_date and visible.published:
        return Shown(list(entries), True)
    views = _views(session, entries, visible)
    return Shown([_seen(one, views.get(one.id)) for one in entries], not views)


def _views(session: Session, entries: Sequence[Entry], visible: Visible) -> dict[uuid.UUID, Score]:
    """The student's view of those submissions that have something withheld, by their ids."""
    hidden = {
        name
        for name, is_shown in (
            ("after_due_date", visible.after_due_date),
            ("after_published", visible.published),
        )
        if not is_shown
    }
    graded = [one.id for one in entries if one.score is not None]
    query = (
        select(Submission.id, Grading.score_json)
        .join(Grading, Grading.id == Submission.grading_id)
        .where(Submission.id.in_(graded))
    )
    return {
        identifier: student_view(
            Score.model_validate(data), after_due_date=visible.after_due_date, published=visible.published
        )
        for identifier, data in session.execute(query)
        if data is not None and _has_any(data, hidden)
    }


def _has_any(score_json: dict[str, Any], hidden: set[str]) -> bool:
    return any(test["visibility"] in hidden for test in score_json["tests"])


def _seen(entry: Entry, view: Score | None) -> Entry:
    return entry if view is None else entry._replace(score=view.score, max_score=view.max_score)
