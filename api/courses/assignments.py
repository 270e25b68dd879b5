"""What can be done to the assignments of a course."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.audit import record
from api.courses.changes import apply_changes
from api.courses.checks import checked_slug, unique
from api.courses.sync import current_version
from api.db.courses import Assignment, Course, SpecVersion
from api.errors import Unprocessable
from api.policies import BadTime, Policy, parse_local

_TIMES = ("opens_at", "due_at", "closes_at")


def create_assignment(
    session: Session,
    actor_id: uuid.UUID | None,
    course: Course,
    *,
    spec: str,
    slug: str = "",
    title: str = "",
    description: str = "",
    policy: Policy | Mapping[str, Any] | None = None,
    is_open: bool = True,
) -> Assignment:
    """A new assignment at the end of the course's list, with the newest version of a spec.

    Raises:
        Unprocessable: there is no such spec, or the policy is wrong.
        Conflict: the course has one of this name.
    """
    version = current_version(session, spec)
    if version is None:
        known = session.scalars(select(SpecVersion.spec).distinct().order_by(SpecVersion.spec)).all()
        listed = ", ".join(known) or "none, run tensorgrade admin sync"
        raise Unprocessable(
            f"There is no spec {spec[:100]!r}. Known: {listed}.",
            kind="unknown-spec",
        )
    assignment = Assignment(
        course=course,
        course_id=course.id,
        slug=checked_slug(slug or spec.lower(), 100),
        spec=spec,
        title=title or version.title,
        description=description,
        position=_next_position(session, course),
        is_open=is_open,
        policy=checked_policy(policy or {}, course.time_zone).model_dump(mode="json"),
        spec_version=version,
    )
    with unique(
        session, f"{course.slug} has an assignment {assignment.slug!r} already: choose another name."
    ):
        session.add(assignment)
    record(
        session, actor_id, "assignment.create", "assignment", assignment.id, course.id,
        slug=assignment.slug, spec=spec, version=version.digest, policy=assignment.policy,
    )  # fmt: skip
    return assignment


def change_assignment(
    session: Session, actor_id: uuid.UUID | None, assignment: Assignment, **changes: Any
) -> None:
    """Set `title`, `description`, `position`, `is_open` or `is_published`."""
    changed = apply_changes(assignment, changes)
    if changed:
        session.flush()
        course_id = assignment.course_id
        record(session, actor_id, "assignment.change", "assignment", assignment.id, course_id, **changed)


def set_policy(
    session: Session,
    actor_id: uuid.UUID | None,
    assignment: Assignment,
    policy: Policy | Mapping[str, Any],
) -> Policy:
    """Replace the policy. A mapping replaces the fields that it names, also those of `late`; the others
    stay as they are.

    Raises:
        Unprocessable: it is wrong; `errors` names the fields.
    """
    if not isinstance(policy, Policy):
        policy = checked_policy(_merged(assignment.policy, policy), assignment.course.time_zone)
    before, after = policy_of(assignment).model_dump(mode="json"), policy.model_dump(mode="json")
    if before != after:
        assignment.policy = after
        session.flush()
        changed = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
        course_id = assignment.course_id
        record(session, actor_id, "assignment.policy", "assignment", assignment.id, course_id, **changed)
    return policy


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    tables = {key: _merged(old[key], value) for key, value in new.items() if _are_tables(old.get(key), value)}
    return {**old, **new, **tables}


def _are_tables(*values: object) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def policy_of(assignment: Assignment) -> Policy:
    """The policy of an assignment."""
    return Policy.model_validate(assignment.policy)


def checked_policy(policy: Policy | Mapping[str, Any], zone: str) -> Policy:
    """A policy from outside. Times without an offset are of the course's zone. Raises `Unprocessable`."""
    if isinstance(policy, Policy):
        return policy
    try:
        return Policy.model_validate({**policy, **_times(policy, zone)})
    except ValidationError as error:
        faults = [_fault(item) for item in error.errors(include_url=False)[:20]]
    listed = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults)
    raise Unprocessable(f"The policy is wrong. Correct {listed}.", kind="invalid-policy", errors=faults)


def _times(policy: Mapping[str, Any], zone: str) -> dict[str, Any]:
    given = {name: policy[name] for name in _TIMES if policy.get(name) is not None}
    return {name: checked_time(f"policy.{name}", value, zone) for name, value in given.items()}


def checked_time(field: str, value: object, zone: str) -> datetime:
    """A time from outside, of the course's zone if it has no offset. Raises `Unprocessable`."""
    try:
        if not isinstance(value, str):
            raise BadTime("a time is a text such as '2026-11-20 23:59'.")
        return parse_local(value, zone)
    except BadTime as error:
        fault = {"field": field, "in": "body", "message": error.detail}
        raise Unprocessable(
            f"Correct {field}: {error.detail}", kind="invalid-time", errors=[fault]
        ) from error


def _fault(item: Any) -> dict[str, str]:
    where = ".".join(["policy", *(str(part) for part in item["loc"])])
    return {"field": where[:200], "in": "body", "message": str(item["msg"])[:300]}


def _next_position(session: Session, course: Course) -> int:
    last = session.scalar(select(func.max(Assignment.position)).where(Assignment.course_id == course.id))
    return 0 if last is None else last + 1
