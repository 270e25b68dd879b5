"""The Docker backend as its users see it: the local backend's client, with another server behind it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from grader.sandbox.base import Limits, ServedBackend
from grader.sandbox.docker.options import DockerOptions
from grader.sandbox.gpu.options import GpuOptions
from grader.sandbox.local.backend import LocalBackend, LocalClient, LocalSandbox
from grader.sandbox.niceness import give_way

_PROJECT = Path(__file__).resolve().parents[3]
_START_SECONDS = 120.0
_END_SECONDS = 60.0  # containers are removed one by one
_KEPT_VARIABLES = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "HOME", "PATH")


class DockerBackend:
    """Sandboxes that are single-use containers, by a server of its own.

    options:  which image, which engine, how many containers.
    niceness: how much the server gives way to other processes; the containers are the engine's children.
    gpus:     which ones containers may have; by default all.

    Raises:
        InfrastructureError: the engine does not answer, or it lacks the image; says what to do.
    """

    name = "docker"

    def __init__(
        self, options: DockerOptions | None = None, niceness: int = 0, gpus: GpuOptions | None = None
    ) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = _spawn(theirs)
        give_way(self._process, niceness)
        self._client = LocalClient(ours, self.name)
        ours.settimeout(_START_SECONDS)
        try:
            config = {"options": (options or DockerOptions()).as_message()}
            self._client.request({**config, "gpus": (gpus or GpuOptions()).to_dict()})
        except BaseException:
            self.close()
            raise

    @property
    def server_pid(self) -> int:
        """The process id of the container server."""
        return self._process.pid

    def start(self, limits: Limits) -> LocalSandbox:
        """See `Backend`."""
        return self._client.start(limits)

    def connection(self) -> socket.socket:
        """A new connection for a `LocalClient`, here or in a process that inherits or is sent the socket."""
        return self._client.new_connection()

    def close(self) -> None:
        """End the server, and remove every container of it, also those of other connections."""
        self._client.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> DockerBackend:
        """A backend is closed at the end of a `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """See `close`."""
        self.close()


def backend_for(
    name: str,
    root: Path,
    *,
    niceness: int = 0,
    options: DockerOptions | None = None,
    gpus: GpuOptions | None = None,
) -> Callable[[], ServedBackend]:
    """How to open the backend that a command line or a setting names.

    root: the folder with test_specs/ and reference/, which no sandbox may see.
    gpus: which ones sandboxes may have; by default all.
    """
    if name == "docker":
        return lambda: DockerBackend(options, niceness, gpus)
    return lambda: LocalBackend(masked=(root,), niceness=niceness, gpus=gpus)


def _spawn(control: socket.socket) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "grader.sandbox.docker.server", str(control.fileno())]
    kept = {key: os.environ[key] for key in _KEPT_VARIABLES if key in os.environ}
    return subprocess.Popen(  # noqa: S603  our own interpreter and module
        command,
        env={**kept, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=_PROJECT,
        pass_fds=[control.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
