"""How late something is, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.policies.model import LatePolicy, Policy

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late, and the price. `factor` multiplies the earned points: 1.0 costs nothing."""

    late: timedelta
    days: int  # begun days after the grace
    late_days_used: int  # from the student's bank
    factor: float
    accepted: bool  # False: too late to count
    sentence: str  # for the student


ON_TIME = Lateness(timedelta(), 0, 0, 1.0, True, "On time.")


def due_for(policy: Policy, extension_due: datetime | None) -> datetime | None:
    """When one student's work is due. An extension gives more time, never less; None: never due.

    Where nothing is due but it closes, an extension beyond the closing becomes the student's due date.
    """
    if extension_due is None:
        return policy.due_at
    extended = extension_due.astimezone(UTC)
    if policy.due_at is not None:
        return max(policy.due_at, extended)
    return extended if policy.closes_at is not None and extended > policy.closes_at else None


def lateness(policy: Policy, due: datetime | None, received_at: datetime, days_left: int) -> Lateness:
    """The lateness of work received at `received_at` and due at `due` (from `due_for`).

    `days_left` are the late days that the student may spend on it; only the kind "late_days" looks at them.
    """
    if due is None or received_at <= due:
        return ON_TIME
    late = received_at.astimezone(UTC) - due.astimezone(UTC)
    days = max(0, -((timedelta(minutes=policy.late.grace_minutes) - late) // _DAY))
    if days == 0:
        return Lateness(late, 0, 0, 1.0, True, "Late, but within the minutes of grace: nothing is deducted.")
    refusal = _refusal(policy.late, days, days_left)
    if refusal:
        return Lateness(late, days, 0, 0.0, False, f"{_days(days)} late: not accepted. {refusal}")
    if policy.late.kind == "late_days":
        spent = f"{_days(days, 'late day')} of yours {'is' if days == 1 else 'are'} used."
        return Lateness(late, days, days, 1.0, True, f"{_days(days)} late: {spent}")
    factor = max(0.0, 1.0 - policy.late.percent * days / 100)
    return Lateness(
        late, days, 0, factor, True, f"{_days(days)} late: {100 * (1 - factor):.4g} % is deducted."
    )


def final_score(score: float | None, late: Lateness) -> float | None:
    """The points after lateness. A total below zero stays what it is: being late never improves it."""
    if score is None:
        return None
    if not late.accepted:
        return min(score, 0.0)
    return score * late.factor if score > 0 else score


def _refusal(late: LatePolicy, days: int, days_left: int) -> str:
    """Why work that is so late is not accepted; empty if it is."""
    if late.kind == "none":
        return "This assignment takes nothing after its due date."
    if late.max_days is not None and days > late.max_days:
        return f"This assignment takes work up to {_days(late.max_days)} late."
    if late.kind == "late_days" and days > days_left:
        return f"You have {_days(max(0, days_left), 'late day')} left."
    return ""


def _days(count: int, noun: str = "day") -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
