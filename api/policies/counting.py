"""Which submission counts, and what the late days of a whole course come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api.policies.late import Lateness, final_score, lateness
from api.policies.model import Policy

_FREE = frozenset({"failed", "superseded"})  # `api.db.submissions.State`: our fault, or never graded
_NEVER = datetime.max.replace(tzinfo=UTC)


def charged(state: str) -> bool:
    """Whether a submission in this state costs a try and may count."""
    return state not in _FREE


@dataclass(frozen=True, slots=True)
class Candidate:
    """A submission of a student that is `charged`."""

    received_at: datetime
    score: float | None  # None: not graded yet
    is_chosen: bool = False  # by the student
    accepted: bool = True  # False: it came too late to count


@dataclass(frozen=True, slots=True)
class Work:
    """All that a student handed in for one assignment, with their own due date."""

    policy: Policy
    due: datetime | None
    candidates: Sequence[Candidate]


@dataclass(frozen=True, slots=True)
class Settled:
    """What it comes to. `lateness` and `finals` are in the order of the candidates."""

    index: int | None  # of the one that counts
    late_days_used: int
    lateness: tuple[Lateness, ...]
    finals: tuple[float | None, ...]  # scores after lateness


def counting(policy: Policy, candidates: Sequence[Candidate]) -> int | None:
    """The index of the one that counts; None if none does (yet). Scores are those after lateness.

    best    the highest score, of equals the earliest, because it costs the fewest late days.
    last    the last one, graded or not.
    chosen  the student's choice; until there is one that counts, the last.
    """
    able = [index for index, one in enumerate(candidates) if one.accepted]
    if policy.counts == "best":
        scored = [
            (-score, candidates[i].received_at, i) for i in able if (score := candidates[i].score) is not None
        ]
        return min(scored)[2] if scored else None
    chosen = [i for i in able if candidates[i].is_chosen] if policy.counts == "chosen" else []
    latest = [(candidates[i].received_at, i) for i in chosen or able]
    return max(latest)[1] if latest else None


def settle(work: Work, days_left: int) -> Settled:
    """One assignment of a student who may spend `days_left` late days on it."""
    late = tuple(lateness(work.policy, work.due, one.received_at, days_left) for one in work.candidates)
    finals = tuple(final_score(one.score, how) for one, how in zip(work.candidates, late, strict=True))
    judged = [
        Candidate(one.received_at, final, one.is_chosen, one.accepted and how.accepted)
        for one, final, how in zip(work.candidates, finals, late, strict=True)
    ]
    index = counting(work.policy, judged)
    return Settled(index, 0 if index is None else late[index].late_days_used, late, finals)


def settle_all(bank: int, works: Sequence[Work]) -> list[Settled]:
    """All assignments of a student in a course, in the given order; late days are spent in due order."""
    settled: dict[int, Settled] = {}
    for position in sorted(range(len(works)), key=lambda at: (works[at].due or _NEVER, at)):
        settled[position] = settle(works[position], bank)
        bank -= settled[position].late_days_used
    return [settled[position] for position in range(len(works))]


def late_days_left(bank: int, works: Sequence[Work]) -> int:
    """What is left of a student's bank after these assignments: never less than 0.

    Before a submission ask it for all *other* assignments: that is what may be spent on this one.
    """
    return bank - sum(one.late_days_used for one in settle_all(bank, works))
