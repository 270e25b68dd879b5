"""Puts the course's own files in the place of the student's: `given` in the table [package]."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from grader.assignment import Assignment
from grader.errors import SpecError
from grader.intake.given_places import places
from grader.intake.layout import is_lone
from grader.intake.model import Submission
from grader.intake.paths import left_out, shown

_FOLDER = "given"  # spec_version covers what is below it
_NAMED = 4


@dataclass(frozen=True)
class WithGiven:
    """A submission as it is run. `paths`: which of its files are the course's."""

    submission: Submission
    paths: frozenset[str] = frozenset()


def with_given(submission: Submission, assignment: Assignment) -> WithGiven:
    """The submission with the course's files where they belong, see `places`. Its `sha256` stays as it was.

    Nothing is added to a file that was handed in by itself.

    Raises:
        SpecError: the folder of given files is not there or empty, or `spec_version` would not cover it.
    """
    given = _read(assignment)
    if not given or is_lone(submission.name, submission.files):
        return WithGiven(submission)
    ours = places(submission, assignment, given)
    theirs = dict(submission.files)
    replaced = sorted(path for path in _in_the_way(theirs, ours) if _differs(theirs.pop(path), path, ours))
    files = dict(sorted((theirs | ours).items()))
    return WithGiven(_changed(submission, files, ours, replaced), frozenset(ours))


def _changed(
    submission: Submission, files: Mapping[str, bytes], ours: Mapping[str, bytes], replaced: list[str]
) -> Submission:
    """With other files; a module whose file was replaced in other case is found at its new path."""

    def now(path: str | None) -> str | None:
        return path if path in files else _same(path, ours)

    modules = {name: place for name, path in submission.modules.items() if (place := now(path)) is not None}
    return replace(
        submission,
        files=files,
        entry=now(submission.entry),
        modules=modules,
        places={path: place for path, place in submission.places.items() if path not in ours},
        unreadable={path: why for path, why in submission.unreadable.items() if path not in ours},
        notes=(*submission.notes, *_notes(replaced)),
    )


def _read(assignment: Assignment) -> dict[str, bytes]:
    """Path below the top folder -> content."""
    name = assignment.config.package.given
    if not name:
        return {}
    folder = assignment.folder / name
    if name.split("/")[0] != _FOLDER or ".." in name.split("/"):
        raise SpecError(
            f'{assignment.name}: package.given must be "{_FOLDER}" or a folder in it, not {name!r}.'
        )
    files = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    if not files:
        raise SpecError(f"{folder} is named by package.given, but holds no files.")
    return {path: files[path].read_bytes() for path in sorted(files)}


def _files(folder: Path) -> Iterator[Path]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return (path for path in paths if left_out(path.relative_to(folder).as_posix()) is None)


def _in_the_way(theirs: Mapping[str, bytes], ours: Mapping[str, bytes]) -> list[str]:
    """Files of theirs at a path of ours, also in other case; inside it as a folder; or where it has one."""
    places = {path.casefold() for path in ours}
    folders = {folder for path in places for folder in _folders(path)}
    return [
        path
        for path, key in ((path, path.casefold()) for path in theirs)
        if key in places or key in folders or any(folder in places for folder in _folders(key))
    ]


def _folders(path: str) -> list[str]:
    steps = path.split("/")
    return ["/".join(steps[:end]) for end in range(1, len(steps))]


def _differs(data: bytes, path: str, ours: Mapping[str, bytes]) -> bool:
    """Whether somebody may miss what was replaced."""
    place = _same(path, ours)
    return place is None or _plain(data) != _plain(ours[place])


def _same(path: str | None, ours: Mapping[str, bytes]) -> str | None:
    """Our path for one of theirs."""
    return next((place for place in ours if path is not None and place.casefold() == path.casefold()), None)


def _plain(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").strip()


def _notes(replaced: list[str]) -> list[str]:
    if not replaced:
        return []
    names = ", ".join(f"`{shown(path)}`" for path in replaced[:_NAMED])
    more = f" and {len(replaced) - _NAMED} more" if len(replaced) > _NAMED else ""
    return [f"Replaced by the course's own files, so your changes there do not count: {names}{more}."]
