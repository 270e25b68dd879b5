"""A broker that is a folder: Kombu's file transport, made safe for several processes.

Kombu's own writes a message into its final place, so that a reader may find half of it, and moves what it
reads through the machine's temporary folder. Here a message appears whole, and whoever removes it has it.
All messages say the same, so a sender keeps a few: the folder stays small while no worker takes them.
"""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem

_LONGEST_WAIT = 0.2  # seconds
_MOST_WAITING = 128  # messages of one sender
_SLOTS = itertools.cycle(range(_MOST_WAITING))


class Channel(filesystem.Channel):
    """One connection's view of the folder."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as its base
        slot = f"{os.getpid()}-{next(_SLOTS):03d}"  # whose last message, if it is still there, says the same
        folder = Path(self.data_folder_out)
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{slot}.unfinished"
        unfinished.write_text(json.dumps(payload), encoding="utf-8")
        unfinished.replace(folder / f"{slot}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        for path in list(Path(self.data_folder_in).glob(f"*.{queue}.msg")):
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
