"""A broker that is a folder: Kombu's file transport, made safe for several processes.

Kombu's own writes a message into its final place, so that a reader may find half of it, and moves what it
reads through the machine's temporary folder. Here a message appears whole, and whoever removes it has it.
"""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem

_LONGEST_WAIT = 0.2  # seconds


class Channel(filesystem.Channel):
    """One connection's view of the folder."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as its base
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}"
        folder = Path(self.data_folder_out)
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{name}.unfinished"
        unfinished.write_text(json.dumps(payload), encoding="utf-8")
        unfinished.rename(folder / f"{name}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        for path in sorted(Path(self.data_folder_in).glob(f"*.{queue}.msg")):
            try:
                text = path.read_text(encoding="utf-8")
                path.unlink()
                message: dict[str, Any] = json.loads(text)
            except (OSError, ValueError):  # somebody else was faster, or it is no message
                continue
            return message
        raise Empty


class Transport(filesystem.Transport):
    """The transport of `filesystem://` for the service."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Wait for a message, but not as long as asked: the worker looks whether it is to stop in between."""
        longest = _LONGEST_WAIT if timeout is None else min(timeout, _LONGEST_WAIT)
        super().drain_events(connection, timeout=longest, **kwargs)  # type: ignore[no-untyped-call]  # kombu
