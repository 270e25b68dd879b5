"""Looks at an upload before it costs a try. What the engine would refuse altogether is refused here."""

from __future__ import annotations

import json

from pydantic import ValidationError

from api.db.courses import SpecVersion
from api.errors import Unprocessable
from api.policies import Policy
from grader.assignment import AssignmentConfig
from grader.errors import SubmissionError
from grader.intake import read_bytes, syntax_error

_MOST_PARSED = 64_000  # bytes of a source that are worth a warning; more than any homework
_MOST_WARNINGS = 8
_NOTEBOOK = ".ipynb"


def config_of(version: SpecVersion, policy: Policy) -> AssignmentConfig:
    """What the assignment takes in, with the course's caps where they are lower."""
    try:
        config = AssignmentConfig.model_validate(version.config)
    except ValidationError:  # written by another version of the service: the engine has the last word
        config = AssignmentConfig(name=version.spec, title=version.title)
    caps = {
        "max_bytes": min(config.code.max_bytes, policy.max_bytes),
        "max_files": min(config.code.max_files, policy.max_files),
    }
    return config.model_copy(update={"code": config.code.model_copy(update=caps)})


def check(name: str, data: bytes, config: AssignmentConfig) -> tuple[str, ...]:
    """Warnings for the student.

    Raises:
        Unprocessable: it cannot be graded at all; the sentence says what to change.
    """
    if not data:
        raise _unusable(f"{name} is empty. Save it in your editor, look at its size, and hand it in again.")
    if name.lower().endswith(_NOTEBOOK):
        _check_notebook(name, data)
        return ()
    try:
        submission = read_bytes(name, data, config)
    except SubmissionError as error:
        raise _unusable(str(error)) from error
    entry = submission.entry
    warnings = [*submission.notes, *(_syntax(entry, submission.files[entry]) if entry else ())]
    return tuple(warnings[:_MOST_WARNINGS])


def _syntax(path: str, source: bytes) -> tuple[str, ...]:
    """A mistake that keeps the file from being imported; the rest of it may still be graded."""
    if len(source) > _MOST_PARSED:
        return ()
    mistake = syntax_error(source, path)
    return (f"{mistake} Only what can be salvaged is graded.",) if mistake else ()


def _check_notebook(name: str, data: bytes) -> None:
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _unusable(
            f"{name} is not a readable notebook: save it in Jupyter and hand it in again."
        ) from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise _unusable(f"{name} has no cells: it is not a Jupyter notebook of version 4.")


def _unusable(detail: str) -> Unprocessable:
    return Unprocessable(detail, kind="unusable")
