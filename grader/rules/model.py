"""What a broken rule looks like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """One place where a rule is broken.

    rule_id:    which rule of the assignment.
    file, line: where; line 0 means the file as a whole.
    text:       that source line, stripped and at most 200 characters; "" for line 0.
    message:    what the student reads: the author's message, if any, and what was found.
    points:     what breaking the rule costs, once however many violations it has.
    zero_parts: parts of the assignment that earn nothing.
    """

    rule_id: str
    file: str
    line: int
    text: str
    message: str
    points: float
    zero_parts: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """A violation before it is joined with its rule. `line` 0 means the file as a whole."""

    file: str
    line: int
    detail: str
