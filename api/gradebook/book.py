"""What students' work for an assignment comes to, late days of the whole course included."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.db.courses import Assignment
from api.gradebook.records import Entry, Records
from api.policies import Lateness, Policy, Settled, late_days_left, settle, settle_all


@dataclass(frozen=True, slots=True)
class Result:
    """One student. `settled` is in the order of `entries`."""

    entries: Sequence[Entry]
    settled: Settled

    @property
    def counting(self) -> Entry | None:
        """The submission that counts."""
        return None if self.settled.index is None else self.entries[self.settled.index]

    @property
    def final(self) -> float | None:
        """Its score after lateness."""
        return None if self.settled.index is None else self.settled.finals[self.settled.index]

    @property
    def lateness(self) -> Lateness | None:
        """How late it was."""
        return None if self.settled.index is None else self.settled.lateness[self.settled.index]


class Book:
    """The grades of one assignment, for some students or (`users` None) all."""

    def __init__(
        self, session: Session, assignment: Assignment, users: Collection[uuid.UUID] | None = None
    ) -> None:
        self.assignment = assignment
        self.policy = Policy.model_validate(assignment.policy)
        self.bank = assignment.course.late_days
        self._others = _others(session, assignment) if self.spends_late_days else []
        self.records = Records(session, [assignment, *self._others], users)

    @property
    def spends_late_days(self) -> bool:
        """Whether late work takes days from the student's bank."""
        return self.policy.late.kind == "late_days"

    def result(self, user_id: uuid.UUID) -> Result:
        """What a student's work comes to."""
        work = self.records.work(self.assignment.id, user_id)
        entries = self.records.entries(self.assignment.id, user_id)
        if not self.spends_late_days:
            return Result(entries, settle(work, 0))
        others = [self.records.work(other.id, user_id) for other in self._others]
        return Result(entries, settle_all(self.bank, [work, *others])[0])

    def late_days_to_spend(self, user_id: uuid.UUID) -> int:
        """What a student may spend on this assignment: what the others leave of their bank."""
        return late_days_left(self.bank, [self.records.work(other.id, user_id) for other in self._others])

    def late_days_left(self, user_id: uuid.UUID) -> int:
        """What is left of a student's bank, this assignment included."""
        works = [self.records.work(one.id, user_id) for one in (self.assignment, *self._others)]
        return late_days_left(self.bank, works)


def _others(session: Session, assignment: Assignment) -> list[Assignment]:
    """The other assignments of the course that take late days."""
    query = select(Assignment).where(
        Assignment.course_id == assignment.course_id, Assignment.id != assignment.id
    )
    found = session.scalars(query.order_by(Assignment.id)).unique()
    return [one for one in found if Policy.model_validate(one.policy).late.kind == "late_days"]
