"""Programs of the submission: run one, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grader.errors import CallTimeout, SandboxDied, WireError
from grader.intake.layout import best_top
from grader.proxy.session import Session
from grader.wire import messages as m
from grader.wire.codec import Encoder

_MOST_FILES = 1000
_MOST_STDOUT = 1 << 16  # characters
_MOST_PATH = 4096


@dataclass(frozen=True)
class ProgramResult:
    """How a program ended, as the sandbox claims.

    exit_code:  0 for success.
    stdout:     the first 65536 characters that it printed.
    seconds:    that it ran.
    files:      (path, size in bytes) of the files that it wrote or changed, at most 1000, sorted; paths as
                seen from the folder it ran in, so one beside that folder starts with "../".
    """

    exit_code: int
    stdout: str
    seconds: float
    files: tuple[tuple[str, int], ...]


def request(
    work: str, path: str, args: Sequence[str], files: Mapping[str, bytes]
) -> Callable[[Encoder], m.Operation]:
    """What makes the request to run `path` in the folder `work`, for `ask`."""

    def make(encoder: Encoder) -> m.Operation:
        sent = [m.File(name, encoder.buffer(data)) for name, data in files.items()]
        return m.RunProgram(work, path, list(args), sent)

    return make


def top_of(session: Session, paths: Collection[str]) -> str:
    """The folder of the submission that holds most of `paths`: where its programs run, "" or "x/".

    Raises:
        StudentCodeError: importing the submission ended the sandbox, so its files are not there.
    """
    session.ready()
    if isinstance(session.load_error, CallTimeout | SandboxDied | WireError):
        raise session.load_error
    return best_top(session.files, paths)


def result(value: Any) -> ProgramResult:
    """The sandbox's answer, checked.

    Raises:
        WireError: it is none.
    """
    if _is_row(value, int, str, float, list):
        code, stdout, seconds, files = value
        if 0 <= code <= 255 and 0 <= seconds < math.inf and len(files) <= _MOST_FILES:
            return ProgramResult(code, stdout[:_MOST_STDOUT], seconds, tuple(map(_file, files)))
    raise WireError("What the sandbox says of a program cannot be read.")


def _file(row: Any) -> tuple[str, int]:
    if _is_row(row, str, int) and len(row[0]) <= _MOST_PATH and row[1] >= 0:
        return row[0], row[1]
    raise WireError("The list of a program's files has a row that is none.")


def _is_row(value: Any, *types: type) -> bool:
    return isinstance(value, tuple) and tuple(map(type, value)) == types


def content(value: Any, most_bytes: int) -> bytes:
    """The bytes of a file, checked.

    Raises:
        WireError: they are none, or more than asked for.
    """
    if not isinstance(value, bytes) or len(value) > most_bytes:
        raise WireError("The content of a file is none, or longer than asked for.")
    return value
