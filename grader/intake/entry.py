"""Finds the modules that specs call `submission.<name>` among the files of a submission."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from grader.assignment import AssignmentConfig, Code
from grader.errors import SubmissionError
from grader.intake.paths import shown
from grader.intake.syntax import parse

# A second download or copy: "solution (1).py", "solution-2.py", "solution - Copy (3).py". For names that are
# read backwards, so that every step is settled at once: they are hostile, and there may be many.
_COPY_BACKWARDS = re.compile(
    r"(?:(?:\)?+\d++\(?+[ ]?+)?+ypoc[ _-]++|\)\d++\([ _-]*+|\d++[ _-])++", re.IGNORECASE
)
_DEFINITION = re.compile(rb"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_LISTED = 10
_MOST_PARSED = 64_000  # bytes of all files together whose trees are made: a megabyte of tokens takes seconds


def top_folders(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Where parts are looked for: the root "", then its folder "x/" if it has only one."""
    folders = {path.split("/")[0] for path in files if "/" in path}
    return ("", f"{folders.pop()}/") if len(folders) == 1 else ("",)


@dataclass(frozen=True)
class Sources:
    """The Python files of a submission, and how those made of notebooks were called."""

    files: Mapping[str, bytes]
    handed_in: Mapping[str, str]

    def paths(self) -> list[str]:
        """Every Python file, sorted."""
        return sorted(path for path in self.files if path.casefold().endswith(".py"))

    def name(self, path: str) -> str:
        """What a file was called, without its ending: `hw.py` may be asked for, and `hw.ipynb` be there."""
        return without_ending(self.handed_in.get(path, path))


@dataclass(frozen=True)
class Chosen:
    """The file of the entry module, None if there is none, and of each further module that is there."""

    entry: str | None
    modules: Mapping[str, str]


def choose(sources: Sources, config: AssignmentConfig, where: str, *, alone: bool) -> Chosen:
    """The files of the modules that specs ask for: by preferred names, else by what they define. The only
    file left is the entry, whatever its name.

    Args:
        alone: one file was handed in, and no archive or folder.

    Raises:
        SubmissionError: no module at all, or several files that could be the entry; the text lists them.
    """
    wanted = [_Wanted("", config.code.files, config.code.required_names)]
    wanted += [_Wanted(module.name, module.files, module.required_names) for module in config.modules]
    found: dict[str, str] = {}
    for one in wanted:
        _keep(found, one, _by_name(_free(sources.paths(), found), one.files, sources))
    with_code = [path for path in sources.paths() if sources.files[path].strip()]
    if config.modules or len(with_code) > 1:  # else there is nothing to be told apart
        for one in wanted:
            _keep(found, one, _by_definitions(_free(with_code, found), sources.files, set(one.required)))
    free = _free(with_code, found)
    if "" not in found and (len(free) == 1 or (alone and not found)):
        found[""] = (free or sources.paths())[0]
    if not found:
        raise _none(sources, config.code, where)
    return Chosen(found.pop("", None), found)


@dataclass(frozen=True)
class _Wanted:
    """A module that specs ask for; the entry's name is "" here."""

    name: str
    files: tuple[str, ...]
    required: tuple[str, ...]


def _free(paths: list[str], found: Mapping[str, str]) -> list[str]:
    return [path for path in paths if path not in found.values()]


def _keep(found: dict[str, str], one: _Wanted, path: str | None) -> None:
    if path is not None:
        found.setdefault(one.name, path)


def without_ending(path: str) -> str:
    """`path` without .py or .ipynb."""
    for ending in (".py", ".ipynb"):
        if path.casefold().endswith(ending):
            return path[: -len(ending)]
    return path


def _by_name(paths: list[str], preferred: tuple[str, ...], sources: Sources) -> str | None:
    for name in preferred:
        for top in top_folders(sources.files):
            for same in (_exact, _without_case, _without_copy_number):
                wanted = top + without_ending(name)
                found = [path for path in paths if same(sources.name(path), wanted)]
                if len(found) == 1:
                    return found[0]
    return None


def _exact(name: str, wanted: str) -> bool:
    return name == wanted


def _without_case(name: str, wanted: str) -> bool:
    return name.casefold() == wanted.casefold()


def _without_copy_number(name: str, wanted: str) -> bool:
    folder, slash, last = name.rpartition("/")
    last = last.removeprefix("Copy of ")  # as Colab calls it
    copied = _COPY_BACKWARDS.match(last[::-1])
    plain = last[: len(last) - copied.end()] if copied is not None else last
    return f"{folder}{slash}{plain}".casefold() == wanted.casefold()


def _by_definitions(sources: list[str], files: Mapping[str, bytes], required: set[str]) -> str | None:
    """The one file that defines most of the required names."""
    is_short = sum(len(files[path]) for path in sources) <= _MOST_PARSED
    scores = {path: len(required & _defined(path, files[path], is_short)) for path in sources if required}
    best = max(scores.values(), default=0)
    found = [path for path, score in scores.items() if score == best > 0]
    return found[0] if len(found) == 1 else None


def _defined(path: str, source: bytes, is_short: bool) -> set[str]:
    """Names bound by top-level statements; where there is no tree, what the lines seem to define."""
    tree = parse(source, path).tree if is_short else None
    if tree is None:
        return {name.decode("utf-8", "replace") for name in _DEFINITION.findall(source)}
    names: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign):
            names.update(target.id for target in statement.targets if isinstance(target, ast.Name))
    return names


def _none(sources: Sources, code: Code, where: str) -> SubmissionError:
    expected = " or ".join(f"`{name}`" for name in code.files) or "one .py file"
    paths = sources.paths()
    listed = [sources.handed_in.get(path, path) for path in paths] or sorted(sources.files)
    found = ", ".join(f"`{shown(path)}`" for path in listed[:_LISTED]) + (
        ", …" if len(listed) > _LISTED else ""
    )
    if not sources.files:
        return SubmissionError(f"{where} contains no files. Expected: {expected}.")
    if not paths:
        return SubmissionError(
            f"{where} contains no Python file, only {found}. Expected: {expected}, in the archive or "
            "folder itself and not in another archive."
        )
    return SubmissionError(
        f"{where} contains several Python files, and none is named as expected: {found}. "
        f"Name the one with your solution {expected}."
    )
