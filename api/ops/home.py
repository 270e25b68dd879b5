"""The folder that a service keeps its things in, used by one at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import UsageError


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """The home is ours until the `with` ends. Raises `UsageError` if a service runs on it."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"A service runs on {home} already: stop it, or set TENSORGRADE_HOME."
            ) from error
        yield
