"""Whether somebody may hand something in now, and when if not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from api.policies.late import lateness
from api.policies.model import LatePolicy, Policy

Kind = Literal["ok", "not_open", "closed", "too_late", "no_quota"]
_PLENTY = 10**9  # late days, where the caller does not know how many are left


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, with a sentence for the student (empty for yes)."""

    allowed: bool
    reason: str
    kind: Kind
    quota_left: int | None  # tries left now, this one included; None: any number
    next_at: datetime | None  # when it will be possible, if it is not now


def may_submit(
    policy: Policy,
    due: datetime | None,
    now: datetime,
    previous: Sequence[datetime],
    extra: int,
    days_left: int | None = None,
) -> Decision:
    """Whether a submission at `now` is accepted.

    `due` is the student's own (`due_for`); `previous` are the times of their submissions so far that are
    `charged`; `extra` are the further tries of an extension, in each period; `days_left` the late days that
    they may spend (None: not looked at).
    """
    now = now.astimezone(UTC)
    left, again = _quota(policy, now, previous, extra)
    if policy.opens_at is not None and now < policy.opens_at:
        return Decision(False, f"It opens at {_when(policy.opens_at)}.", "not_open", left, policy.opens_at)
    refusal = _too_late(policy, due, now, days_left)
    if refusal is not None:
        return Decision(False, refusal[1], refusal[0], left, None)
    if left is None or left > 0:
        return Decision(True, "", "ok", left, None)
    if _too_late(policy, due, again, days_left) is not None:
        return Decision(
            False, f"{_spent(policy, extra)} It closes before there is another.", "no_quota", 0, None
        )
    return Decision(
        False, f"{_spent(policy, extra)} The next one is possible at {_when(again)}.", "no_quota", 0, again
    )


def for_reports(policy: Policy) -> Policy:
    """The same dates for a report, which people mark: no tries, and no late days, which are for code.

    Where each late day costs points, it costs a report's points as well.
    """
    late = LatePolicy() if policy.late.kind == "late_days" else policy.late
    return policy.model_copy(update={"submissions_per_period": None, "late": late})


def _too_late(
    policy: Policy, due: datetime | None, now: datetime, days_left: int | None
) -> tuple[Kind, str] | None:
    """Why nothing is accepted any more; None if something is."""
    late = lateness(policy, due, now, _PLENTY if days_left is None else days_left)
    is_within_due = due is not None and late.days == 0
    if policy.closes_at is not None and now > policy.closes_at and not is_within_due:
        return "closed", f"It closed at {_when(policy.closes_at)}."
    return None if late.accepted else ("too_late", late.sentence)


def _quota(
    policy: Policy, now: datetime, previous: Sequence[datetime], extra: int
) -> tuple[int | None, datetime]:
    """The tries left in the period that ends now, and when there is one."""
    if policy.submissions_per_period is None:
        return None, now
    period = timedelta(hours=policy.period_hours)
    recent = sorted(at for at in (moment.astimezone(UTC) for moment in previous) if at + period > now)
    allowed = policy.submissions_per_period + max(0, extra)
    if len(recent) < allowed:
        return allowed - len(recent), now
    return 0, recent[len(recent) - allowed] + period


def _spent(policy: Policy, extra: int) -> str:
    allowed = (policy.submissions_per_period or 0) + max(0, extra)
    tries = "1 try" if allowed == 1 else f"{allowed} tries"
    return f"You have used your {tries} of the last {policy.period_hours:g} hours."


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
