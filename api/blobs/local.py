"""Blobs in a folder of this machine."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from api.blobs.backend import relative
from api.blobs.errors import MissingBlob

_READ_ONLY = 0o440
_PRIVATE = 0o750


class LocalFolder:
    """`root/ab/cd/<digest>`, and `root/tmp` for what is still being received (a rename moves it)."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self.scratch = self._root / "tmp"
        self.scratch.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)

    def keep(self, spool: Path, digest: str, size: int) -> None:
        """Move the scratch file to its place; file and folders are on the disk when this returns."""
        target = self._path(digest)
        if self._has(target, size):
            os.utime(target)  # whoever tidies up sees that it was wanted lately
        else:
            _sync_file(spool)
            self._make_folders(target)
            spool.replace(target)
        _sync_folder(target.parent)

    def open(self, digest: str) -> BinaryIO:
        """The bytes, for reading."""
        try:
            return self._path(digest).open("rb")
        except FileNotFoundError as error:
            raise MissingBlob(digest) from error

    def fetch(self, digest: str, target: Path) -> None:
        """A hard link where possible, else a copy."""
        path = self._path(digest)
        try:
            target.hardlink_to(path)
        except FileNotFoundError as error:
            raise MissingBlob(digest) from error
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
                raise
            shutil.copyfile(path, target)

    def exists(self, digest: str) -> bool:
        """Whether the bytes are there."""
        return self._path(digest).is_file()

    def delete(self, digest: str) -> None:
        """Forget the bytes, if they are there."""
        self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._root / relative(digest)

    def _make_folders(self, target: Path) -> None:
        """The two folders above a blob; a new one is only safe once the folder above it is synced."""
        for folder in (target.parent.parent, target.parent):
            try:
                folder.mkdir(mode=_PRIVATE)
            except FileExistsError:
                continue
            _sync_folder(folder.parent)

    @staticmethod
    def _has(target: Path, size: int) -> bool:
        try:
            return target.stat().st_size == size
        except FileNotFoundError:
            return False


def _sync_file(path: Path) -> None:
    path.chmod(_READ_ONLY)
    _sync(path, os.O_RDONLY)


def _sync_folder(path: Path) -> None:
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
