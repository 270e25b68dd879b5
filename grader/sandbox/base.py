"""What a sandbox is: the limits it enforces, how it ends, and the protocols that a backend implements.

A backend that cannot apply a limit raises `LimitUnavailable` with the remedy; it never skips one.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

KIB, MIB, GIB = 1024, 1024**2, 1024**3
OUTPUT_EXIT_CODE = 91  # how the harness ends its process once more than `output_bytes` were printed


@dataclass(frozen=True)
class Limits:
    """What one sandbox may use in its whole life. Every field is enforced or the start is refused."""

    cpu_seconds: float = 20.0  # of all its processes together
    wall_seconds: float = 60.0
    memory_bytes: int = 1 * GIB  # of all its processes together, tmpfs and /dev/shm included
    processes: int = 64  # tasks: processes and threads together
    open_files: int = 256  # descriptors of one process
    output_bytes: int = 1 * MIB  # printed to stdout and stderr together
    tmp_bytes: int = 256 * MIB  # files written, /tmp, HOME and /dev/shm together
    tmp_files: int = 4096  # files and folders written
    threads: int = 1  # torch's own threads
    gpus: int = 0


class Status(StrEnum):
    """How a sandbox ended."""

    STOPPED = "stopped"  # we ended it
    EXITED = "exited"  # its process ended by itself, `exit_code` says how
    SIGNALED = "signaled"  # a signal of its own making, `signal` says which
    CPU = "cpu"
    WALL = "wall"
    MEMORY = "memory"
    OUTPUT = "output"


@dataclass(frozen=True)
class Usage:
    """What a sandbox used, as measured from outside."""

    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_memory_bytes: int = 0
    gpu_name: str = ""  # of the GPU that it had, if any
    gpu_driver: str = ""
    peak_gpu_memory_bytes: int | None = None  # None: it had none, or shared it


@dataclass(frozen=True)
class Result:
    """The end of one sandbox."""

    status: Status
    usage: Usage
    exit_code: int | None = None
    signal: int | None = None


class Sandbox(Protocol):
    """One running sandbox: a harness at the other end of `channel`, and nothing else in there yet."""

    @property
    def channel(self) -> socket.socket:
        """A connected stream socket; end-of-file once the sandbox is gone."""

    def stop(self, *, wait: bool = True) -> Result:
        """End it if it still runs, remove every trace, and say how it ended. Safe to call twice.

        Without `wait` the result is as of now, and its traces go in the background.
        """


class Backend(Protocol):
    """Makes sandboxes."""

    name: str

    def start(self, limits: Limits) -> Sandbox:
        """A fresh sandbox that nobody used before.

        Raises:
            LimitUnavailable: a limit cannot be enforced here.
            InfrastructureError: the start failed.
        """

    def close(self) -> None:
        """End every sandbox of this backend."""


class ServedBackend(Backend, Protocol):
    """A backend whose sandboxes are made by a server process, which others may be connected to."""

    def connection(self) -> socket.socket:
        """A new connection for a `ServedClient`, here or in a process that inherits or is sent the socket.

        Raises:
            InfrastructureError: the server has ended.
        """
