"""A sheet without its right answers, as JSON: what a service keeps, which must not know them.

Of a stored sheet `public`, `problems` and `missing` work as ever; `mark` does not.
"""

from __future__ import annotations

import json

from grader.answers.questions import question_from
from grader.answers.sheet import Sheet

_SECRET = {"also", "mistakes"}  # they tell what is right, or wrong


def store(sheet: Sheet | None) -> str:
    """The questions of a sheet in their order; "" if there is none."""
    if sheet is None:
        return ""
    return json.dumps([one.model_dump(mode="json", exclude=_SECRET) for one in sheet.questions])


def restore(text: str) -> Sheet | None:
    """The sheet that `store` wrote; None for "".

    Raises:
        SpecError: another version wrote it.
    """
    if not text:
        return None
    return Sheet(tuple(question_from(table) for table in json.loads(text)), {})
