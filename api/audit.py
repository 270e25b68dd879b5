"""The audit log: one line for each thing that somebody changed."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import Enum
from typing import Any

from sqlalchemy.orm import Session

from api.db.courses import AuditEvent

_LONGEST = 1_000  # characters of one text: the log says what changed, it is no copy of it


def record(
    session: Session,
    actor_id: uuid.UUID | None,
    action: str,
    object_type: str,
    object_id: object,
    course_id: uuid.UUID | None = None,
    **detail: Any,
) -> AuditEvent:
    """Add an event to the caller's transaction: what is rolled back was never done.

    `actor_id` is None for what the service does by itself. `action` is "<object>.<verb>": "extension.grant".
    `detail` may hold times, identifiers and enumerations; they are kept as text.
    """
    event = AuditEvent(
        actor_id=actor_id,
        course_id=course_id,
        action=action,
        object_type=object_type,
        object_id=str(object_id)[:60],
        detail={key: _plain(value) for key, value in detail.items()},
    )
    session.add(event)
    return event


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)[:_LONGEST]
