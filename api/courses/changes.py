"""Changes of rows, in the form that the audit log keeps."""

from __future__ import annotations

from typing import Any


def apply_changes(row: Any, changes: dict[str, Any]) -> dict[str, list[Any]]:
    """Set fields of a row. Returns {field: [before, after]} of those that were different."""
    changed = {}
    for field, after in changes.items():
        before = getattr(row, field)
        if before != after:
            setattr(row, field, after)
            changed[field] = [before, after]
    return changed
