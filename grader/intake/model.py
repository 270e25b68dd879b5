"""A submission after intake: named bytes and nothing that can run here."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NotebookPlaces:
    """Where the lines of a Python file come from that was made from a notebook.

    path:   the notebook, as it was handed in.
    starts: the line of the Python file at which the first line of each code cell stands, ascending; the
            n-th is of cell n. () for a script that was exported from a notebook: its lines are its own.
    """

    path: str
    starts: tuple[int, ...] = ()

    def place(self, line: int) -> tuple[str, int]:
        """File and line as students know them: ("hw.ipynb, cell 7", 3)."""
        cell = bisect_right(self.starts, line)
        return (f"{self.path}, cell {cell}", line - self.starts[cell - 1] + 1) if cell else (self.path, line)

    def describe(self, line: int) -> str:
        """The same without the file: "cell 7, line 3"."""
        cell = bisect_right(self.starts, line)
        return f"cell {cell}, line {line - self.starts[cell - 1] + 1}" if cell else f"line {line}"


def _base(path: str) -> str:
    return path.rpartition("/")[2]


@dataclass(frozen=True)
class Submission:
    """What a student handed in, unpacked and checked, but never imported.

    name:     the file or folder as it was called; data, never a path.
    sha256:   over the sorted relative paths and contents, so that a folder and its archive are the same.
    files:    relative posix path -> content; of a notebook, the Python file made from it.
    entry:    which of `files` is the module that specs call `submission.<entry>`; None if there is no code.
    answers:  the parsed answers.toml, {} if there is none.
    notes:    sentences for the student (what was ignored, renamed, re-decoded).
    modules:  further modules by the name that specs call them -> which of `files` it is; those found.
    places:   of each file that comes from a notebook: where its lines stand in it. Such a file is loaded
              statement by statement.
    unreadable: of the entry or a further module: why it is lost by itself; only where there are several.
    """

    name: str
    sha256: str
    files: Mapping[str, bytes]
    entry: str | None
    answers: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, NotebookPlaces] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def handed_in(self, path: str) -> str:
        """What a file was called when it was handed in."""
        return self.places[path].path if path in self.places else path

    def in_their_words(self, text: str) -> str:
        """`text` with the names of notebooks in place of those of the Python files made from them."""
        names = {_base(path): _base(places.path) for path, places in self.places.items()}
        pattern = "|".join(re.escape(name) for name in names)
        return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", lambda found: names[found[0]], text) if names else text

    def place(self, path: str, line: int) -> tuple[str, int]:
        """File and line as the student knows them."""
        if path in self.places and line > 0:
            return self.places[path].place(line)
        return self.handed_in(path), line
