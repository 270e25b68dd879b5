"""The store itself."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import BinaryIO

from api.blobs.backend import Backend
from api.blobs.local import LocalFolder
from api.blobs.receiving import Receiving

_LEFTOVER_SECONDS = 86_400.0
_CHUNK = 2**20


class BlobStore:
    """Bytes by their SHA-256. `url` is a folder, or anything that fsspec knows: "s3://bucket/prefix"."""

    def __init__(self, url: str) -> None:
        self._backend: Backend
        if "://" in url and not url.startswith("file://"):
            from api.blobs.remote import Remote  # fsspec is for those who use it

            self._backend = Remote(url)
        else:
            self._backend = LocalFolder(Path(url.removeprefix("file://")))
        self._remove_leftovers()

    def receive(self) -> Receiving:
        """Something to write an upload into."""
        return Receiving(self._backend)

    def open(self, digest: str) -> BinaryIO:
        """The bytes, for reading. Raises `MissingBlob`."""
        return self._backend.open(digest)

    def fetch(self, digest: str, target: Path) -> None:
        """Put the bytes at `target`, which must not exist. It may be a link: nobody may write to it.

        Raises:
            MissingBlob: they are not there.
        """
        self._backend.fetch(digest, target)

    def exists(self, digest: str) -> bool:
        """Whether the bytes are there."""
        return self._backend.exists(digest)

    def delete(self, digest: str) -> None:
        """Forget the bytes, if they are there. Only for what no submission refers to."""
        self._backend.delete(digest)

    def verify(self, digest: str) -> bool:
        """Whether the bytes are still those that were handed in. Raises `MissingBlob`."""
        found = hashlib.sha256()
        with self.open(digest) as stream:
            while chunk := stream.read(_CHUNK):
                found.update(chunk)
        return found.hexdigest() == digest

    def _remove_leftovers(self) -> None:
        """Scratch files of processes that died. A younger one may still be written to."""
        oldest = time.time() - _LEFTOVER_SECONDS
        for path in self._backend.scratch.glob("receiving-*"):
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except FileNotFoundError:
                continue
