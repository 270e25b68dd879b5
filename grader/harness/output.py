"""What the submission prints: kept up to a cap, counted beyond it, and the end of the sandbox where it
floods.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

OUTPUT_EXIT_CODE = 91  # how a sandbox ends that printed more than its limit
_KEPT_PER_REPLY = 64 * 1024


class Output(io.TextIOBase):
    """Stands in for sys.stdout and sys.stderr."""

    encoding = "utf-8"

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._kept: list[str] = []
        self._kept_size = 0

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str) -> int:
        """Keep the text while there is room. A flood ends the process, so that no one waits for it."""
        self._left -= len(text)
        if self._left < 0:
            os._exit(OUTPUT_EXIT_CODE)
        if self._kept_size < _KEPT_PER_REPLY:
            self._kept.append(text[: _KEPT_PER_REPLY - self._kept_size])
            self._kept_size += len(text)
        return len(text)

    def drain(self) -> str:
        """What was printed since the last call."""
        if not self._kept:
            return ""
        text, self._kept, self._kept_size = "".join(self._kept), [], 0
        return text

    def install(self) -> None:
        """Become sys.stdout and sys.stderr."""
        stream: TextIO = self  # type: ignore[assignment]
        sys.stdout = sys.stderr = stream
        sys.__stdout__ = sys.__stderr__ = stream  # type: ignore[misc, assignment]


class Copy(io.TextIOBase):
    """Stands in for sys.stdout for a while: what is printed goes on to it, and the first of it is kept."""

    encoding = "utf-8"

    def __init__(self, onwards: TextIO) -> None:
        self._onwards = onwards
        self._kept: list[str] = []
        self._room = _KEPT_PER_REPLY

    @classmethod
    @contextlib.contextmanager
    def of_stdout(cls) -> Iterator[Copy]:
        """A copy of what is printed inside the `with`."""
        onwards = sys.stdout
        copy = cls(onwards)
        sys.stdout = copy
        try:
            yield copy
        finally:
            sys.stdout = onwards

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str) -> int:
        """Pass the text on, and keep it while there is room."""
        if self._room > 0:
            self._kept.append(text[: self._room])
            self._room -= len(text)
        return self._onwards.write(text)

    def text(self) -> str:
        """What was kept."""
        return "".join(self._kept)
