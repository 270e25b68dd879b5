"""A backend with a server process of its own."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from grader.sandbox.base import Limits
from grader.sandbox.niceness import give_way
from grader.sandbox.served.client import ServedClient, ServedSandbox
from grader.sandbox.served.protocol import Message

_PROJECT = Path(__file__).resolve().parents[3]
_START_SECONDS = 120.0


class ServerBackend:
    """Starts a server, configures it, and is its first client.

    name:        of the kind of sandbox.
    module:      the server's program; its argument is the descriptor of its control connection.
    environment: all of it: nothing is inherited.
    config:      the first message to it.
    niceness:    how much it gives way to other processes, from 0 to 19.
    end_seconds: that it may take to end, with every sandbox.

    Raises:
        LimitUnavailable: this machine lacks something; says what and what to do.
        InfrastructureError: the server did not start.
    """

    def __init__(
        self,
        name: str,
        module: str,
        config: Message,
        *,
        environment: Mapping[str, str],
        niceness: int,
        end_seconds: float,
    ) -> None:
        self.name = name
        self._end_seconds = end_seconds
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = _spawn(module, theirs, environment)
        give_way(self._process, niceness)
        self._client = ServedClient(ours, name)
        ours.settimeout(_START_SECONDS)
        try:
            self._client.request(config)
        except BaseException:
            self.close()
            raise

    @property
    def server_pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    def start(self, limits: Limits) -> ServedSandbox:
        """See `Backend`."""
        return self._client.start(limits)

    def connection(self) -> socket.socket:
        """A new connection for a `ServedClient`, here or in a process that inherits or is sent the socket."""
        return self._client.new_connection()

    def close(self) -> None:
        """End the server and every sandbox of it, also those of other connections."""
        self._client.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self._end_seconds)
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        """A backend is closed at the end of a `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """See `close`."""
        self.close()


def _spawn(module: str, control: socket.socket, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A fresh interpreter: memory that a sandbox inherits must never have held a spec."""
    return subprocess.Popen(  # noqa: S603  our own interpreter and module
        [sys.executable, "-m", module, str(control.fileno())],
        env=dict(environment),
        cwd=_PROJECT,
        pass_fds=[control.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
