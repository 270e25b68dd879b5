"""What students handed in for some assignments: two queries and one per assignment, however many students."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from api.db.courses import Assignment, Extension, GroupMember
from api.db.submissions import Submission
from api.policies import Candidate, Policy, Work, charged, due_for

Place = tuple[uuid.UUID, uuid.UUID]  # assignment, user


class Entry(NamedTuple):
    """A submission, as far as grades go. The fields are columns of `Submission`, and no more than are needed:
    a large course has 50,000 of them.
    """

    id: uuid.UUID
    user_id: uuid.UUID
    group_id: uuid.UUID | None
    received_at: datetime
    state: str
    score: float | None
    max_score: float | None
    is_chosen: bool
    is_test: bool

    @property
    def may_count(self) -> bool:
        """Neither a test of the staff, nor failed by our fault, nor superseded."""
        return not self.is_test and charged(self.state)


_COLUMNS = [getattr(Submission, name) for name in Entry._fields]


class Extra(NamedTuple):
    """An extension."""

    due_at: datetime | None
    submissions: int


class Records:
    """Extensions, groups and submissions. One's submission is that of their group, too."""

    def __init__(
        self,
        session: Session,
        assignments: Sequence[Assignment],
        users: Collection[uuid.UUID] | None = None,
    ) -> None:
        """Read them; `users` None: of everybody."""
        self.policies = {one.id: Policy.model_validate(one.policy) for one in assignments}
        self.extensions = _extensions(session, self.policies, users)
        self.groups = _groups(session, self.policies, users)
        self._members = _members(self.groups)
        self._entries: dict[Place, list[Entry]] = defaultdict(list)
        for assignment_id in self.policies:
            self._credit(assignment_id, _submissions(session, assignment_id, users, self._members))

    def entries(self, assignment_id: uuid.UUID, user_id: uuid.UUID) -> Sequence[Entry]:
        """A student's submissions, the oldest first."""
        return self._entries.get((assignment_id, user_id), ())

    def replace(self, assignment_id: uuid.UUID, user_id: uuid.UUID, entries: Sequence[Entry]) -> None:
        """Others in the place of a student's submissions, for example without the scores."""
        self._entries[assignment_id, user_id] = list(entries)

    def extension(self, assignment_id: uuid.UUID, user_id: uuid.UUID) -> Extra:
        """A student's extension; an empty one if there is none."""
        return self.extensions.get((assignment_id, user_id), Extra(None, 0))

    def due(self, assignment_id: uuid.UUID, user_id: uuid.UUID) -> datetime | None:
        """When a student's work is due."""
        return due_for(self.policies[assignment_id], self.extension(assignment_id, user_id).due_at)

    def work(self, assignment_id: uuid.UUID, user_id: uuid.UUID) -> Work:
        """All of that, for the policies."""
        entries = self.entries(assignment_id, user_id)
        candidates = [Candidate(one.received_at, one.score, one.is_chosen, one.may_count) for one in entries]
        return Work(self.policies[assignment_id], self.due(assignment_id, user_id), candidates)

    def _credit(self, assignment_id: uuid.UUID, entries: Sequence[Entry]) -> None:
        """Give each submission to its student and the others of their group."""
        for entry in entries:
            self._entries[assignment_id, entry.user_id].append(entry)
            for user_id in self._members.get(entry.group_id, ()) if entry.group_id else ():
                if user_id != entry.user_id:
                    self._entries[assignment_id, user_id].append(entry)


def _members(groups: dict[Place, uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    members: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for (_, user_id), group_id in groups.items():
        members[group_id].append(user_id)
    return members


def _extensions(
    session: Session, assignments: Collection[uuid.UUID], users: Collection[uuid.UUID] | None
) -> dict[Place, Extra]:
    query = select(
        Extension.assignment_id, Extension.user_id, Extension.due_at, Extension.extra_submissions
    ).where(Extension.assignment_id.in_(assignments))
    if users is not None:
        query = query.where(Extension.user_id.in_(users))
    return {(row[0], row[1]): Extra(row[2], row[3]) for row in session.execute(query)}


def _groups(
    session: Session, assignments: Collection[uuid.UUID], users: Collection[uuid.UUID] | None
) -> dict[Place, uuid.UUID]:
    query = select(GroupMember.assignment_id, GroupMember.user_id, GroupMember.group_id).where(
        GroupMember.assignment_id.in_(assignments)
    )
    if users is not None:
        query = query.where(GroupMember.user_id.in_(users))
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


def _submissions(
    session: Session,
    assignment_id: uuid.UUID,
    users: Collection[uuid.UUID] | None,
    groups: Collection[uuid.UUID],
) -> list[Entry]:
    """The oldest first."""
    query = select(*_COLUMNS).where(Submission.assignment_id == assignment_id)
    if users is not None:
        whose: ColumnElement[bool] = Submission.user_id.in_(users)
        query = query.where(or_(whose, Submission.group_id.in_(groups)) if groups else whose)
    return [Entry(*row) for row in session.execute(query.order_by(Submission.received_at, Submission.id))]
