"""An upload on its way into the store."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from api.blobs.backend import Backend


class Receiving:
    """A scratch file: written piece by piece, counted and hashed on the way, gone unless it is finished."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._hash = hashlib.sha256()
        self.size = 0
        descriptor, name = tempfile.mkstemp(prefix="receiving-", dir=backend.scratch)
        self.path = Path(name)
        self._stream = os.fdopen(descriptor, "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def write(self, chunk: bytes) -> int:
        """Add bytes. The number of them, as files do."""
        self._stream.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)
        return len(chunk)

    def flush(self) -> None:
        """Nothing to do: `zipfile` asks for it."""

    def read(self) -> bytes:
        """All that was received so far."""
        if not self._stream.closed:
            self._stream.flush()
        return self.path.read_bytes()

    def close(self) -> None:
        """Nothing more will be written."""
        self._stream.close()

    def finish(self) -> tuple[str, int]:
        """Keep it for good: (SHA-256 in hexadecimal, bytes)."""
        self.close()
        digest = self._hash.hexdigest()
        self._backend.keep(self.path, digest, self.size)
        return digest, self.size

    def discard(self) -> None:
        """Remove the scratch file if it is still there. What was finished stays."""
        self.close()
        self.path.unlink(missing_ok=True)
