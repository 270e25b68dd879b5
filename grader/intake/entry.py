"""Finds the module that specs call `submission.<entry>` among the files of a submission."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from grader.assignment import Code
from grader.errors import SubmissionError
from grader.intake.paths import shown
from grader.intake.syntax import parse

# A second download or copy: "solution (1).py", "solution-2.py", "solution - Copy.py".
_COPY = re.compile(r"(.+?)(?:[ _-]*\(\d+\)|[ _-]\d+|[ _-]+copy(?: ?\(?\d+\)?)?)+", re.IGNORECASE | re.DOTALL)
_DEFINITION = re.compile(rb"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_LISTED = 10
_MOST_PARSED = 64_000  # bytes of all files together whose trees are made: a megabyte of tokens takes seconds


def top_folders(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Where parts are looked for: the root "", then its folder "x/" if it has only one."""
    folders = {path.split("/")[0] for path in files if "/" in path}
    return ("", f"{folders.pop()}/") if len(folders) == 1 else ("",)


def choose_entry(files: Mapping[str, bytes], code: Code, where: str) -> str:
    """The path of the entry module: by preferred name, else the only .py file, else by the required names.

    Raises:
        SubmissionError: none, or several that could be it; the text lists what was found.
    """
    sources = sorted(path for path in files if path.casefold().endswith(".py"))
    with_code = [path for path in sources if files[path].strip()]
    found = _by_name(sources, code.files, top_folders(files))
    if found is None and len(with_code) == 1:
        found = with_code[0]
    if found is None:
        found = _by_definitions(with_code, files, set(code.required_names))
    if found is None:
        raise _none(files, sources, code, where)
    return found


def _by_name(sources: list[str], preferred: tuple[str, ...], tops: tuple[str, ...]) -> str | None:
    for name in preferred:
        for top in tops:
            for same in (_exact, _without_case, _without_copy_number):
                found = [path for path in sources if same(path, top + name)]
                if len(found) == 1:
                    return found[0]
    return None


def _exact(path: str, wanted: str) -> bool:
    return path == wanted


def _without_case(path: str, wanted: str) -> bool:
    return path.casefold() == wanted.casefold()


def _without_copy_number(path: str, wanted: str) -> bool:
    match = _COPY.fullmatch(path[: -len(".py")])
    return match is not None and f"{match[1]}.py".casefold() == wanted.casefold()


def _by_definitions(sources: list[str], files: Mapping[str, bytes], required: set[str]) -> str | None:
    """The one file that defines most of the required names."""
    is_short = sum(len(files[path]) for path in sources) <= _MOST_PARSED
    scores = {path: len(required & _defined(path, files[path], is_short)) for path in sources}
    best = max(scores.values(), default=0)
    found = [path for path, score in scores.items() if score == best]
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


def _none(files: Mapping[str, bytes], sources: list[str], code: Code, where: str) -> SubmissionError:
    expected = " or ".join(f"`{name}`" for name in code.files) or "one .py file"
    listed = sources or sorted(files)
    found = ", ".join(f"`{shown(path)}`" for path in listed[:_LISTED]) + (
        ", …" if len(listed) > _LISTED else ""
    )
    if not files:
        return SubmissionError(f"{where} contains no files. Expected: {expected}.")
    if not sources:
        return SubmissionError(
            f"{where} contains no Python file, only {found}. Expected: {expected}, in the archive or "
            "folder itself and not in another archive."
        )
    return SubmissionError(
        f"{where} contains several Python files, and none is named as expected: {found}. "
        f"Name the one with your solution {expected}."
    )
