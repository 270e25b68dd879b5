"""Where the course's own files belong: beside the code that is run, not where decoys lie."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from grader.assignment import Assignment
from grader.intake.layout import best_top, tops
from grader.intake.model import Submission


def places(submission: Submission, assignment: Assignment, given: Mapping[str, bytes]) -> dict[str, bytes]:
    """Path -> content of what is put into a submission: each given file below its top folder, and instead of
    every file of theirs that may be imported or run in its place.
    """
    top = _top(submission, assignment, given)
    found = {top + path: data for path, data in given.items()}
    taken = {path.casefold() for path in found}
    likely = dict.fromkeys((top, *tops(submission.files)))
    beside = dict(_beside(submission, assignment, given))
    for path in submission.files:
        for place, data in given.items():
            if path.casefold() not in taken and (
                _is_copy(path, place, likely) or path.casefold() in beside.get(place, ())
            ):
                found[path] = data
    return found


def _top(submission: Submission, assignment: Assignment, given: Collection[str]) -> str:
    """The top folder as the modules tell it that are run; else the one below which most is found."""
    candidates = tops(submission.files)
    for path, patterns in _modules(submission, assignment):
        for pattern in sorted(patterns, key=lambda pattern: -pattern.count("/")):
            above = _above(path, pattern)
            if above is not None and ("/" in pattern or above in candidates):
                return above
    return best_top(submission.files, (*given, *_expected(assignment)))


def _modules(submission: Submission, assignment: Assignment) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The file of each module that is there, and what it should be called; the entry's first."""
    config = assignment.config
    if submission.entry is not None:
        yield submission.entry, config.code.files
    for module in config.modules:
        if module.name in submission.modules:
            yield submission.modules[module.name], module.files


def _above(path: str, pattern: str) -> str | None:
    """What lies above a file that plays the part of `pattern`, whatever its own name; None where its folders
    are others.
    """
    folder, wanted = _folder(path), _folder(pattern)
    if not f"/{folder}".casefold().endswith(f"/{wanted}".casefold()):
        return None
    return folder[: len(folder) - len(wanted)]


def _beside(
    submission: Submission, assignment: Assignment, given: Collection[str]
) -> Iterator[tuple[str, set[str]]]:
    """Given files that belong beside a module, and where that is for the modules that are there."""
    modules = list(_modules(submission, assignment))
    for place in given:
        folder, name = _folder(place), place[len(_folder(place)) :]
        found = {
            (_folder(path) + name).casefold()
            for path, patterns in modules
            if any(_folder(pattern) == folder for pattern in patterns)
        }
        yield place, found


def _is_copy(path: str, place: str, likely: Collection[str]) -> bool:
    """Whether a file is at a given file's place in some folder: in any at all if that place has a folder."""
    plain, wanted = path.casefold(), place.casefold()
    if "/" in place and f"/{plain}".endswith(f"/{wanted}"):
        return True
    return any(plain == top.casefold() + wanted for top in likely)


def _folder(path: str) -> str:
    return path[: path.rfind("/") + 1]


def _expected(assignment: Assignment) -> Iterator[str]:
    """Paths that tell the top folder."""
    config = assignment.config
    yield from config.code.files
    yield from (path for module in config.modules for path in module.files)
    yield from (required.path for required in config.package.required)
