"""The table [package]: what an archive is called, the one folder in it, and what has to be there.

package-name         the archive's name is another one
package-folder       the folder inside has not the archive's name
package-missing-<n>  the n-th of the required paths is not there, counted from 1
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator

from grader.assignment import Package, RequiredPath
from grader.errors import SpecError
from grader.intake.layout import archive_suffix, fits, is_archive, is_lone, tops
from grader.intake.model import Submission
from grader.intake.paths import shown
from grader.rules.model import Violation

# What browsers, mail programs and course pages add to the name of a second copy.
_COPY = re.compile(r" ?\(\d{1,3}\)|[ _-]{1,3}copy\b|-\d{1,2}(?=\.)", re.IGNORECASE)
_LISTED = 4


def check_package(submission: Submission, package: Package) -> tuple[Violation, ...]:
    """What is wrong with the archive as it was handed in, before any given file took its place.

    A file that was handed in by itself breaks nothing. A folder on disk, as authors grade them, has no
    archive's name to be judged by.

    Raises:
        SpecError: `package.name` is no regular expression.
    """
    name = unicodedata.normalize("NFC", submission.name)
    pattern = _pattern(package)
    if is_lone(name, submission.files):
        return ()
    paths = [submission.handed_in(path) for path in submission.files]
    found = list(_missing(paths, package.required))
    if is_archive(name):
        found = [*_wrong_name(name, pattern, package), *_wrong_folder(name, paths, package), *found]
    return tuple(found)


def _pattern(package: Package) -> re.Pattern[str] | None:
    try:
        return re.compile(package.name) if package.name else None
    except re.error as error:
        raise SpecError(f"package.name is not a regular expression: {error}") from error


def _wrong_name(name: str, pattern: re.Pattern[str] | None, package: Package) -> Iterator[Violation]:
    if pattern is None or pattern.fullmatch(name):
        return
    wanted = f" as `{package.example}`" if package.example else " as the assignment says"
    how = "".join(f" {hint}" for hint in _repairs(name, pattern, package.example))
    yield _violation(
        "package-name",
        name,
        f"The archive has to be named{wanted}, but its name is `{shown(name)}`.{how}",
        package.name_points,
    )


def _repairs(name: str, pattern: re.Pattern[str], example: str) -> list[str]:
    """What makes a wrong name right; nothing where that is not so simple."""
    suffix, wanted = archive_suffix(name), archive_suffix(example)
    steps: list[tuple[Callable[[str], str], str]] = [
        (lambda text: _COPY.sub("", text), "Take off what was added for a second copy, such as ` (1)`."),
        (lambda text: text.strip().replace(" ", "_"), "Write `_` instead of blanks."),
    ]
    if wanted and suffix.lower() != wanted.lower():
        hint = f"Pack it as `{wanted}`, not as `{suffix}`."
        steps.append((lambda text: text[: len(text) - len(archive_suffix(text))] + wanted, hint))
    hints = []
    for repair, hint in steps:
        if repair(name) != name:
            hints.append(hint)
            name = repair(name)
        if pattern.fullmatch(name):
            return hints
    in_any_case = re.compile(pattern.pattern, pattern.flags | re.IGNORECASE)
    return [*hints, "Mind upper and lower case."] if in_any_case.fullmatch(name) else []


def _wrong_folder(name: str, paths: Collection[str], package: Package) -> Iterator[Violation]:
    if not (package.name or package.folder_points):
        return
    stem = name[: len(name) - len(archive_suffix(name))]
    folders = sorted({path.split("/")[0] for path in paths if "/" in path})
    if len(folders) == 1 and _is_right_folder(folders[0], stem, package):
        return
    wanted = _COPY.sub("", f"{stem}.").rstrip(".")
    yield _violation(
        "package-folder",
        name,
        f"The archive has to hold one folder `{shown(wanted)}/` with all files in it, but holds "
        f"{_top_level(paths)}.",
        package.folder_points,
    )


def _is_right_folder(folder: str, stem: str, package: Package) -> bool:
    """As the archive, or as the archive should be named: one mistake in a name is not charged twice."""
    pattern, suffix = _pattern(package), archive_suffix(package.example) or ".tar.gz"
    return folder in (stem, _COPY.sub("", f"{stem}.").rstrip(".")) or (
        pattern is not None and pattern.fullmatch(folder + suffix) is not None
    )


def _top_level(paths: Collection[str]) -> str:
    names = sorted({path.split("/")[0] + ("/" if "/" in path else "") for path in paths})
    listed = ", ".join(f"`{shown(name)}`" for name in names[:_LISTED])
    return f"{listed} and {len(names) - _LISTED} more" if len(names) > _LISTED else listed


def _missing(paths: Collection[str], required: tuple[RequiredPath, ...]) -> Iterator[Violation]:
    for number, one in enumerate(required, start=1):
        if not any(_holds(paths, top, one.path) for top in tops(paths)):
            message = f"{one.message} {_where(paths, one.path)}".strip()
            yield _violation(f"package-missing-{number}", one.path, message, one.points)


def _holds(paths: Collection[str], top: str, pattern: str) -> bool:
    return any(path.startswith(top) and fits(path.removeprefix(top), pattern) for path in paths)


def _where(paths: Collection[str], wanted: str) -> str:
    """Which path is missing, and where something of its name lies instead."""
    kind = "The folder" if wanted.endswith("/") else "The file"
    name = wanted.rstrip("/").rpartition("/")[2]
    stray = [path for path in paths if any(fits(step, name) for step in path.split("/"))]
    if not stray:
        return f"{kind} `{wanted}` is missing: put it into the archive."
    return f"{kind} `{wanted}` is missing: there is only `{shown(min(stray))}`. Move or rename it."


def _violation(rule_id: str, file: str, message: str, points: float) -> Violation:
    return Violation(rule_id, shown(file), 0, "", message, points, ())
