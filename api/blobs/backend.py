"""What a place that keeps blobs has to offer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, Protocol

_DIGEST = re.compile(r"[0-9a-f]{64}")


def relative(digest: str) -> str:
    """Where a blob lies below the root: "ab/cd/abcd…". Raises `ValueError` for anything but a SHA-256."""
    if _DIGEST.fullmatch(digest) is None:
        raise ValueError(f"{digest[:80]!r} is not a SHA-256 in lower-case hexadecimal.")
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


class Backend(Protocol):
    """A place that keeps blobs. Methods that read raise `MissingBlob`."""

    scratch: Path  # a local folder for files that are still being received

    def keep(self, spool: Path, digest: str, size: int) -> None:
        """Keep the bytes of a scratch file for good. The scratch file may be gone afterwards."""

    def open(self, digest: str) -> BinaryIO:
        """The bytes, for reading."""

    def fetch(self, digest: str, target: Path) -> None:
        """Put the bytes at `target`, which does not exist yet. Nobody may write to it."""

    def exists(self, digest: str) -> bool:
        """Whether the bytes are there."""

    def delete(self, digest: str) -> None:
        """Forget the bytes, if they are there."""
