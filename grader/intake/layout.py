"""Where the files of a homework begin: archives have one folder around them, or none, or two."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from grader.intake.paths import MAX_DEPTH

ARCHIVES = (".tar.gz", ".tgz", ".tar", ".zip", ".gz")  # as `unpack` accepts them, long ones first
_LONE = (".py", ".ipynb", ".toml")
_CUT = "…"  # how `paths.shown` ends a name that is too long
_ANSWERS = "answers.toml"
_SPECIAL = re.compile(r"[\[?]")


def archive_suffix(name: str) -> str:
    """The ending of an archive's name as it is written there, "" if it has none."""
    suffix = next((suffix for suffix in ARCHIVES if name.lower().endswith(suffix)), "")
    return name[len(name) - len(suffix) :]


def is_archive(name: str) -> bool:
    """Whether an upload of this name is an archive, and not a folder on disk or a file by itself."""
    return archive_suffix(name) != "" or name.endswith(_CUT)


def is_lone(name: str, files: Collection[str]) -> bool:
    """Whether an upload is one file by itself, or nothing but answers."""
    only_answers = all(path.rpartition("/")[2].casefold() == _ANSWERS for path in files)
    return name.lower().endswith(_LONE) or only_answers


def tops(paths: Iterable[str]) -> tuple[str, ...]:
    """Folders that the files may be meant to lie in: the root "", its only folder "x/", and so on inwards."""
    below = list(paths)
    found = [""]
    while len(found) < MAX_DEPTH:
        folders = {path.split("/")[0] for path in below if "/" in path}
        if len(folders) != 1:
            break
        folder = f"{folders.pop()}/"
        found.append(found[-1] + folder)
        below = [path.removeprefix(folder) for path in below if path.startswith(folder)]
    return tuple(found)


def best_top(paths: Collection[str], expected: Collection[str]) -> str:
    """The folder of `tops` below which most of `expected` is found; where that decides nothing, the first one
    that holds more than a single folder.

    expected: paths or patterns, see `fits`.
    """
    candidates = tops(paths)
    natural = _natural(paths, candidates)
    counts = {top: sum(_is_there(paths, top, pattern) for pattern in expected) for top in candidates}
    return max(candidates, key=lambda top: (counts[top], top == natural))


def fits(path: str, pattern: str) -> bool:
    """Whether a path is what a pattern says, without regard to case: `*` stands for any letters, slashes too,
    and a final slash for anything in that folder.
    """
    literal = _SPECIAL.sub(r"[\g<0>]", pattern.casefold())
    return fnmatchcase(path.casefold(), f"{literal}*" if literal.endswith("/") else literal)


def fits_anywhere(path: str, pattern: str) -> bool:
    """As `fits`, in whatever folder: nobody escapes a rule by wrapping the files once more."""
    steps = path.split("/")
    return any(fits("/".join(steps[start:]), pattern) for start in range(len(steps)))


def _natural(paths: Collection[str], candidates: tuple[str, ...]) -> str:
    for top in candidates:
        inside = {path.removeprefix(top) for path in paths if path.startswith(top)}
        if any("/" not in path and path.casefold() != _ANSWERS for path in inside):
            return top
    return candidates[-1]


def _is_there(paths: Collection[str], top: str, pattern: str) -> bool:
    return any(fits(path.removeprefix(top), pattern) for path in paths if path.startswith(top))
