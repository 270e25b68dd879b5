"""Which modules of a submission are lost before anything is loaded, and what other modules import instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.assignment import Assignment, Module
from grader.errors import NotImplementedYet, RemoteException, SpecError, StudentCodeError
from grader.intake import Submission, syntax_error


@dataclass(frozen=True)
class Damage:
    """By a module's name: why specs cannot use it. By a file's path: the course's bytes in its place."""

    failures: Mapping[str, StudentCodeError]
    replaced: Mapping[str, bytes]


def damage(assignment: Assignment, submission: Submission) -> Damage:
    """Look at the entry and each of `[[modules]]`, without running them.

    Raises:
        SpecError: a `fallback` that is not there.
    """
    config = assignment.config
    failures: dict[str, StudentCodeError] = {}
    replaced: dict[str, bytes] = {}
    if config.modules:
        _note(failures, config.code.entry, submission.entry, config.code.files, submission)
    for module in config.modules:
        fallback = _fallback(assignment, module)
        path = submission.modules.get(module.name)
        _note(failures, module.name, path, module.files, submission)
        if path is None or fallback is None:
            continue
        mistake = syntax_error(submission.files[path], path)
        if mistake is not None:
            failures.setdefault(module.name, RemoteException("SyntaxError", mistake))
        if module.name in failures:
            replaced[path] = fallback
    return Damage(failures, replaced)


def _note(
    failures: dict[str, StudentCodeError],
    name: str,
    path: str | None,
    expected: tuple[str, ...],
    submission: Submission,
) -> None:
    if path is None:
        wanted = " or ".join(f"`{file}`" for file in expected) or f"`{name}.py`"
        failures[name] = NotImplementedYet(f"{wanted} was not handed in.")
    elif path in submission.unreadable:
        failures[name] = NotImplementedYet(submission.unreadable[path])


def _fallback(assignment: Assignment, module: Module) -> bytes | None:
    if not module.fallback:
        return None
    try:
        return (assignment.folder / module.fallback).read_bytes()
    except OSError as error:
        where = assignment.folder / module.fallback
        raise SpecError(
            f"The fallback of {module.name!r}, {where}, cannot be read: {error.strerror}."
        ) from error
