"""A submission after intake: named bytes and nothing that can run here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Submission:
    """What a student handed in, unpacked and checked, but never imported.

    name:     the file or folder as it was called; data, never a path.
    sha256:   over the sorted relative paths and contents, so that a folder and its archive are the same.
    files:    relative posix path -> content.
    entry:    which of `files` is the module that specs call `submission.<entry>`; None if there is no code.
    answers:  the parsed answers.toml, {} if there is none.
    notes:    sentences for the student (what was ignored, renamed, re-decoded).
    """

    name: str
    sha256: str
    files: Mapping[str, bytes]
    entry: str | None
    answers: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
