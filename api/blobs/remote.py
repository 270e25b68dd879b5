"""Blobs in S3, or whatever else fsspec reaches."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec

from api.blobs.backend import relative
from api.blobs.errors import MissingBlob


class Remote:
    """Objects `prefix/ab/cd/<digest>`. Credentials and endpoint come from the environment (AWS_...)."""

    def __init__(self, url: str) -> None:
        self._files: Any
        self._files, root = fsspec.core.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
        self._root = str(root).rstrip("/")
        self.scratch = Path(tempfile.gettempdir()) / "tensorgrade-receiving"
        self.scratch.mkdir(parents=True, exist_ok=True, mode=0o700)

    def keep(self, spool: Path, digest: str, size: int) -> None:
        """Upload the scratch file, unless it is there already. Object stores show all of it or nothing."""
        path = self._path(digest)
        try:
            if not self.exists(digest) or self._files.size(path) != size:
                self._files.put_file(str(spool), path)
        except Exception as error:  # every object store has errors of its own
            raise OSError(f"The object store did not take {path}.") from error

    def open(self, digest: str) -> BinaryIO:
        """The bytes, for reading."""
        try:
            return cast("BinaryIO", self._files.open(self._path(digest), "rb"))
        except FileNotFoundError as error:
            raise MissingBlob(digest) from error

    def fetch(self, digest: str, target: Path) -> None:
        """Download to `target`."""
        try:
            self._files.get_file(self._path(digest), str(target))
        except FileNotFoundError as error:
            raise MissingBlob(digest) from error

    def exists(self, digest: str) -> bool:
        """Whether the bytes are there."""
        return bool(self._files.exists(self._path(digest)))

    def delete(self, digest: str) -> None:
        """Forget the bytes, if they are there."""
        if self.exists(digest):
            self._files.rm_file(self._path(digest))

    def _path(self, digest: str) -> str:
        return f"{self._root}/{relative(digest)}"
