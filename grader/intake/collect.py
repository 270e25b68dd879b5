"""Gathers the files of one submission in memory and holds every cap."""

from __future__ import annotations

from grader.assignment import Code
from grader.errors import SubmissionError
from grader.intake.paths import clean, left_out, shown

MAX_ENTRIES = 10_000  # names in an archive or folder: folders and what is left out included
MAX_RATIO = 200  # unpacked bytes for each byte of an archive, above MIN_ROOM
MIN_ROOM = 2**20
_NAMED = 4  # names in one note


def megabytes(size: int) -> str:
    """A size in bytes for people."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size} bytes"


class Collector:
    """The files taken so far. `where` is the upload's name; `packed` is an archive's size in bytes."""

    def __init__(self, where: str, code: Code, packed: int | None = None) -> None:
        self.where = where
        self.files: dict[str, bytes] = {}
        self.room = (
            code.max_bytes if packed is None else min(code.max_bytes, max(MIN_ROOM, MAX_RATIO * packed))
        )
        self._allowed = self.room
        self._max_files = code.max_files
        self._entries = 0
        self._keys: dict[str, str] = {}  # case-folded path of a file -> path
        self._folders: set[str] = set()  # case-folded
        self._ignored: dict[str, None] = {}
        self._links: dict[str, None] = {}

    def admit(self, raw: str) -> str | None:
        """The path under which an entry called `raw` may be added; None if it is to be skipped.

        Raises:
            SubmissionError: a name that is not accepted, or too many entries.
        """
        self._entries += 1
        if self._entries > MAX_ENTRIES:
            raise SubmissionError(
                f"{self.where} lists more than {MAX_ENTRIES} names. Hand in your own files only."
            )
        ignored = left_out(raw)
        if ignored is not None:
            self._ignored[shown(ignored)] = None
            return None
        return clean(raw, self.where) or None

    def skip_special(self, path: str) -> None:
        """Note a link or device in a folder on disk, which is not followed."""
        self._links[shown(path)] = None

    def add_folder(self, path: str) -> None:
        """Take a folder, which counts only for clashes of names."""
        self._enter_folders(path)

    def add_file(self, path: str, data: bytes) -> None:
        """Take a file whose path `admit` gave.

        Raises:
            SubmissionError: too many files or bytes, or a name that is already there.
        """
        key = path.casefold()
        if key in self._keys or key in self._folders:
            raise self._clash(path, self._keys.get(key, path))
        if "/" in path:
            self._enter_folders(path.rpartition("/")[0])
        if len(self.files) >= self._max_files:
            raise SubmissionError(
                f"{self.where} has more than {self._max_files} files. "
                "Hand in your own files only, without data sets."
            )
        if len(data) > self.room:
            raise self.too_big()
        self.room -= len(data)
        self._keys[key] = path
        self.files[path] = data

    def too_big(self) -> SubmissionError:
        """The error for content beyond the cap."""
        return SubmissionError(
            f"{self.where} unpacks to more than {megabytes(self._allowed)}. "
            "Leave out data sets, checkpoints and virtual environments, and clear the outputs of notebooks."
        )

    def notes(self) -> list[str]:
        """Sentences on what was not taken."""
        sentences = []
        if self._ignored:
            sentences.append(f"Left out, because it is no part of a homework: {_listed(self._ignored)}.")
        if self._links:
            sentences.append(f"Left out, because links and devices are not followed: {_listed(self._links)}.")
        return sentences

    def _enter_folders(self, path: str) -> None:
        steps = path.casefold().split("/")
        for end in range(1, len(steps) + 1):
            key = "/".join(steps[:end])
            if key in self._keys:
                raise self._clash(path, self._keys[key])
            self._folders.add(key)

    def _clash(self, one: str, other: str) -> SubmissionError:
        twice = f"`{shown(one)}` twice" if one == other else f"both `{shown(one)}` and `{shown(other)}`"
        return SubmissionError(
            f"{self.where} contains {twice}, which not every system can tell apart. Keep one of them."
        )


def _listed(names: dict[str, None]) -> str:
    first = ", ".join(f"`{name}`" for name in list(names)[:_NAMED])
    more = len(names) - _NAMED
    return f"{first} and {more} more" if more > 0 else first
