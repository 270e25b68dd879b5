"""The Python files of a submission, parsed, and which of them an import means."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from grader.intake.model import Submission
from grader.intake.syntax import MAX_TOKENS, Parsed, count_tokens, lines_of, parse

# In the sandbox these are loaded before the submission, so a file of that name is never what `import` gives.
PRELOADED = {"torch", "torchvision", "numpy"}


@dataclass(frozen=True)
class Module:
    """One file that parses."""

    path: str
    tree: ast.Module
    lines: tuple[str, ...]

    def text(self, line: int) -> str:
        """The stripped source of a line (from 1), "" if there is none."""
        return self.lines[line - 1].strip()[:200] if 1 <= line <= len(self.lines) else ""


@dataclass(frozen=True)
class Program:
    """All of them.

    modules:  path -> file, of those that parse.
    sources:  every .py path.
    folders:  every folder "x/" that holds one of them at any depth, and "./".
    unread:   paths of those that are too much to be read, though they may be right.
    """

    modules: Mapping[str, Module]
    sources: frozenset[str]
    folders: frozenset[str]
    unread: tuple[str, ...]
    entry: str | None

    def locate(self, importer: str, dotted: str, level: int = 0) -> str | None:
        """What `importer` imports: a file, or a folder "x/" without __init__.py; None if it is foreign.

        `level` counts the leading dots of a relative import; `dotted` may then be "".
        """
        if level:
            bases = _folders_of(importer)[level - 1 : level]
        else:
            bases = [_folders_of(importer)[0], _folders_of(self.entry or importer)[0], ""]
        for base in bases:
            found = self._at(base + dotted.replace(".", "/"))
            if found is not None:
                return found
        return None

    def submodule(self, path: str, name: str) -> str | None:
        """The file of `name` inside the package `path`; None if there is none."""
        if path.endswith(("/", "__init__.py")):
            return self._at(path.removesuffix("__init__.py").removeprefix("./") + name)
        return None

    def _at(self, place: str) -> str | None:
        """The module at a path without ending; "" and what ends in a slash are folders."""
        folder = place if place.endswith("/") or not place else f"{place}/"
        for path in (f"{place}.py", f"{folder}__init__.py"):
            if path in self.sources:
                return path
        folder = folder or "./"
        return folder if folder in self.folders else None


def _folders_of(path: str) -> list[str]:
    """The folders above a file, nearest first: "a/b/", "a/", ""."""
    steps = path.split("/")[:-1]
    return ["".join(f"{step}/" for step in steps[:end]) for end in range(len(steps), -1, -1)]


def load(submission: Submission) -> Program:
    """Parse every .py file of `submission`. Never raises."""
    sources = [path for path in submission.files if path.casefold().endswith(".py")]
    sources.sort(key=lambda path: (path != submission.entry, path))
    modules: dict[str, Module] = {}
    unread: list[str] = []
    room = MAX_TOKENS
    for path in sources:
        text = submission.files[path].decode("utf-8-sig", "replace")
        size = count_tokens(text)
        parsed = parse(submission.files[path], path) if size <= room else Parsed(None, gave_up=True)
        if parsed.tree is not None:
            room -= size
            modules[path] = Module(path, parsed.tree, tuple(lines_of(text)))
        elif parsed.gave_up:
            unread.append(path)
    folders = {folder or "./" for path in sources for folder in _folders_of(path)}
    return Program(modules, frozenset(sources), frozenset(folders), tuple(unread), submission.entry)
