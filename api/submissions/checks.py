"""Looks at an upload before it costs a try. What the engine would refuse altogether is refused here."""

from __future__ import annotations

from pydantic import ValidationError

from api.db.courses import SpecVersion
from api.errors import Unprocessable
from api.policies import Policy
from grader.assignment import AssignmentConfig
from grader.errors import SpecError, SubmissionError
from grader.intake import Submission, read_bytes, syntax_error
from grader.rules import check_package

_MOST_PARSED = 64_000  # bytes of a source that are worth a warning; more than any homework
_MOST_WARNINGS = 8


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
    try:
        submission = read_bytes(name, data, config)
    except SubmissionError as error:
        raise _unusable(str(error)) from error
    sources = [path for path in (submission.entry, *submission.modules.values()) if path is not None]
    mistakes = [_syntax(path, submission.files[path]) for path in sources if path not in submission.places]
    warnings = [
        *_package(submission, config),
        *submission.notes,
        *(mistake for mistake in mistakes if mistake),
    ]
    return tuple(warnings[:_MOST_WARNINGS])


def _syntax(path: str, source: bytes) -> str:
    """A mistake that keeps the file from being imported, or ""; the rest may still be graded."""
    mistake = syntax_error(source, path) if len(source) <= _MOST_PARSED else None
    return f"{mistake} Only what can be salvaged is graded." if mistake else ""


def _package(submission: Submission, config: AssignmentConfig) -> list[str]:
    """What is wrong with an archive's name, or missing in it, while there is time to hand it in again."""
    try:
        broken = check_package(submission, config.package)
    except SpecError:  # the author's mistake, which the engine reports
        return []
    costs = [f" This costs {found.points:g} points." if found.points else "" for found in broken]
    return [f"{found.message}{cost}" for found, cost in zip(broken, costs, strict=True)]


def _unusable(detail: str) -> Unprocessable:
    return Unprocessable(detail, kind="unusable")
