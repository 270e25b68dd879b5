"""An exception of the submission as data: its type, its message and the frames of the student's own files."""

from __future__ import annotations

import linecache
import os
import traceback
import types
from pathlib import Path

from grader.wire import messages as m

_MOST_FRAMES = 12
_MOST_MESSAGE = 2000


class Missing(Exception):
    """A name that the submission lacks, or a function that is still a stub."""


def describe(error: BaseException, root: Path) -> m.Raised:
    """What to tell of `error`. Never raises, whatever the exception's own methods do."""
    try:
        missing = isinstance(error, NotImplementedError | Missing)
        return m.Raised(_type_name(error), _message(error), missing, _frames(error, root))
    except BaseException:  # a class whose own class interferes
        return m.Raised("Exception", "(it cannot be described)", False, [])


def _type_name(error: BaseException) -> str:
    kind = type(error)
    module, name = str(kind.__module__), str(kind.__qualname__)[:_MOST_MESSAGE]
    return name if module in {"builtins", __name__} else f"{module[:_MOST_MESSAGE]}.{name}"


def _message(error: BaseException) -> str:
    try:
        text = _syntax(error) if isinstance(error, SyntaxError) else str(error)
    except BaseException:  # their __str__ raised
        text = "(its message cannot be read)"
    return str.__getitem__(text, slice(_MOST_MESSAGE))  # a subclass may say anything of itself


def _syntax(error: SyntaxError) -> str:
    where = f"{os.path.basename(error.filename or '?')}, line {error.lineno}"  # noqa: PTH119 - a claim, not a path
    return f"{error.msg} ({where}): {(error.text or '').strip()}"


def _frames(error: BaseException, root: Path) -> list[m.TracebackLine]:
    try:
        own = [
            _line(frame.f_code, number, root)
            for frame, number in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename.startswith(str(root))
        ]
    except BaseException:  # a hostile traceback
        return []
    return own[-_MOST_FRAMES:]


def _line(code: types.CodeType, number: int, root: Path) -> m.TracebackLine:
    filename = code.co_filename
    source = linecache.getline(filename, number).strip()[:200]
    return m.TracebackLine(os.path.relpath(filename, root), number, code.co_name, source)
