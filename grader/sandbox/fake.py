"""A backend for unit tests: the harness runs in a thread of this process.

It isolates nothing and enforces nothing. Nothing but tests may use it; no setting or command leads here.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from grader.sandbox.base import Limits, Result, Status, Usage

Entry = Callable[[socket.socket, Limits], None]


def serve_harness(channel: socket.socket, limits: Limits) -> None:
    """The real harness."""
    from grader.harness import main

    main.serve(channel, threads=limits.threads, output_bytes=limits.output_bytes)


class FakeSandbox:
    """A thread with a socket."""

    def __init__(self, entry: Entry, limits: Limits) -> None:
        self.channel, self._theirs = socket.socketpair()
        self._thread = threading.Thread(target=self._run, args=(entry, limits), daemon=True)
        self._thread.start()

    def _run(self, entry: Entry, limits: Limits) -> None:
        with self._theirs:
            entry(self._theirs, limits)

    def stop(self, *, wait: bool = True) -> Result:
        """Hang up. A thread cannot be killed: one that computes for ever is left to itself."""
        with contextlib.suppress(OSError):  # already closed
            self.channel.shutdown(socket.SHUT_RDWR)
        self.channel.close()
        self._thread.join(timeout=1.0)
        return Result(Status.STOPPED, Usage())


class FakeBackend:
    """Makes fake sandboxes; all but `threads` and `output_bytes` of the limits are ignored."""

    name = "fake"

    def __init__(self, entry: Entry = serve_harness) -> None:
        self._entry = entry
        self._sandboxes: list[FakeSandbox] = []

    def start(self, limits: Limits) -> FakeSandbox:
        """See `Backend`."""
        sandbox = FakeSandbox(self._entry, limits)
        self._sandboxes.append(sandbox)
        return sandbox

    def close(self) -> None:
        """See `Backend`."""
        for sandbox in self._sandboxes:
            sandbox.stop()
        self._sandboxes.clear()
