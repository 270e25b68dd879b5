"""What is new about a submission since it was looked at last: the content of its event stream.

state     {"state": "grading", "tests_total": 15}
position  {"stage": "quick", "position": 3, "estimate_seconds": 4.0}   while it waits
test      {"done": 4, "total": 15, "test": {...}}                      a TestResult, or a WithheldTest
score     the score JSON of the stages done so far
end       {"state": "graded"}                                          nothing more will come
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.orm import Session

from api.db.submissions import Grading, State, Submission, TestRow
from api.submissions.reading import queue_place, score_of
from api.submissions.sight import Sight
from grader.scoring.model import TestResult

FINAL = (State.GRADED, State.FAILED, State.SUPERSEDED)
_POSITION_SECONDS = 1.0  # a position is asked for at most so often
_CURSOR = re.compile(r"([0-9a-f]{32})\.([a-z]*)\.([a-z]*)\.([a-z]*)\.(\d{1,9})\.(-1|\d{1,9})(\.end)?")


@dataclass(frozen=True)
class Event:
    """One event; `id` is what the client says when it comes back."""

    kind: str
    data: str  # JSON on one line
    id: str


@dataclass(frozen=True)
class Cursor:
    """What has been told already. As text it is the id of an event."""

    grading: str = uuid.UUID(int=0).hex
    state: str = ""
    scored: str = ""  # the stages of the score that was sent
    stage: str = ""  # of the last test that was sent, with its attempt and position
    attempt: int = 0
    position: int = -1
    is_end: bool = False

    def __str__(self) -> str:
        fields = (self.grading, self.state, self.scored, self.stage, self.attempt, self.position)
        return ".".join(str(field) for field in fields) + (".end" if self.is_end else "")

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """From a Last-Event-ID; anything that is none means: from the start."""
        match = _CURSOR.fullmatch(text)
        if match is None:
            return cls()
        grading, state, scored, stage, attempt, position, end = match.groups()
        return cls(grading, state, scored, stage, int(attempt), int(position), end is not None)

    def later_tests(self) -> ColumnElement[bool]:
        """The tests that were not told yet: of a later stage, of a later attempt, or further on."""
        same_stage = TestRow.stage == self.stage
        return or_(
            TestRow.stage > self.stage,  # "quick" < "slow"
            and_(same_stage, TestRow.attempt > self.attempt),
            and_(same_stage, TestRow.attempt == self.attempt, TestRow.position > self.position),
        )


class Watch:
    """One reader's look at one submission."""

    def __init__(self, submission_id: uuid.UUID, sight: Sight, cursor: Cursor) -> None:
        self._submission_id = submission_id
        self._sight = sight
        self._told_place: dict[str, Any] | None = None
        self._place_at = 0.0
        self.cursor = cursor

    @property
    def is_queued(self) -> bool:
        """Whether it only waits."""
        return self.cursor.state == State.QUEUED

    def look(self, session: Session) -> list[Event]:
        """What is new, in order. After an event "end" there is nothing more."""
        row = self._read(session)
        grading = (row.grading_id or uuid.UUID(int=0)).hex if row else self.cursor.grading
        if row is None:
            return [self._end("gone")]
        if grading != self.cursor.grading:
            self.cursor = Cursor(grading)
        if row.state in FINAL:
            return [*self._results(session, row), *self._state(row), self._end(row.state)]
        return [*self._state(row), *self._results(session, row), *self._place(session, row)]

    def _read(self, session: Session) -> Row[Any] | None:
        return session.execute(
            select(
                Submission.state,
                Submission.grading_id,
                Grading.tests_total,
                Grading.score_json["stage"].as_string().label("scored"),
            )
            .outerjoin(Grading, Grading.id == Submission.grading_id)
            .where(Submission.id == self._submission_id)
        ).one_or_none()

    def _state(self, row: Row[Any]) -> Iterator[Event]:
        if row.state != self.cursor.state:
            self.cursor = replace(self.cursor, state=row.state)
            yield self._event("state", {"state": row.state, "tests_total": row.tests_total})

    def _results(self, session: Session, row: Row[Any]) -> Iterator[Event]:
        if row.grading_id is None or not self._sight.shows_results:
            return
        yield from self._tests(session, row)
        if row.scored and row.scored != self.cursor.scored:
            self.cursor = replace(self.cursor, scored=row.scored)
            score = score_of(session.get(Grading, row.grading_id), self._sight)
            if score is not None:
                yield Event("score", score.to_json(indent=None), str(self.cursor))

    def _tests(self, session: Session, row: Row[Any]) -> Iterator[Event]:
        mine = TestRow.grading_id == row.grading_id
        fresh = session.scalars(
            select(TestRow)
            .where(mine, self.cursor.later_tests())
            .order_by(TestRow.stage, TestRow.attempt, TestRow.position)
        ).all()
        if not fresh:
            return
        done = (session.scalar(select(func.count()).where(mine)) or 0) - len(fresh)
        for number, test in enumerate(fresh, done + 1):
            self.cursor = replace(self.cursor, stage=test.stage, attempt=test.attempt, position=test.position)
            seen = self._sight.test(TestResult.model_validate(test.result))
            if seen is not None:
                data = {"done": number, "total": row.tests_total, "test": seen.model_dump(mode="json")}
                yield self._event("test", data)

    def _place(self, session: Session, row: Row[Any]) -> Iterator[Event]:
        if row.grading_id is None or time.monotonic() - self._place_at < _POSITION_SECONDS:
            return
        self._place_at = time.monotonic()
        place = queue_place(session, row.state, row.grading_id)
        told = place.model_dump() if place else None
        if told is not None and told != self._told_place:
            yield self._event("position", told)
        self._told_place = told

    def _end(self, state: str) -> Event:
        self.cursor = replace(self.cursor, is_end=True)
        return self._event("end", {"state": state})

    def _event(self, kind: str, data: dict[str, Any]) -> Event:
        return Event(kind, json.dumps(data), str(self.cursor))
