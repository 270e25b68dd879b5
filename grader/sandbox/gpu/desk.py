"""Leases over a socket, one JSON object per packet: the fork server asks, a process of their own has them.

The fork server has left the file system of the machine and must stay a single thread; the desk has not. It is
there only where there is a driver, and ends with the fork server, once every GPU was looked after.

    fork server                              desk
    {"op": "lease", "id": 3, "gpus": 1}      {"id": 3, "granted": {...}}, or {"id": 3, "error": ..., ...}
    {"op": "release", "id": 3}               (no reply; the lease ends when the GPU is clean)
                                             {"id": 3, "peak": bytes}, whenever it has grown
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from grader.errors import TensorgradeError
from grader.sandbox.base import Usage
from grader.sandbox.gpu.lease import Lease, Leases
from grader.sandbox.gpu.options import GpuOptions
from grader.sandbox.local import syscalls as sys_
from grader.sandbox.served import protocol
from grader.sandbox.served.protocol import Message


@dataclass
class Granted:
    """A lease as the fork server knows it."""

    number: int
    ids: tuple[str, ...]
    nodes: tuple[str, ...]
    name: str
    driver: str
    memory_share: float
    peak_bytes: int | None = None  # as of the last message

    def noted(self, usage: Usage) -> Usage:
        """The usage of its sandbox with what it used of the GPU."""
        return Usage(
            usage.cpu_seconds,
            usage.wall_seconds,
            usage.peak_memory_bytes,
            gpu_name=self.name,
            gpu_driver=self.driver,
            peak_gpu_memory_bytes=self.peak_bytes,
        )


def open_desk(options: GpuOptions, others: Sequence[socket.socket]) -> socket.socket | None:
    """Fork the desk; our end of its connection, or None where there is no GPU for sandboxes.

    To be called before this process is changed. others: sockets that the desk must not keep open.
    """
    leases = Leases(options)
    if not (options.ids and leases.machine.has_driver):
        return None
    desk, visitor = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        for other in (visitor, *others):
            other.close()
        try:
            sys_.set_process_name("grader-gpus")
            Desk(desk, leases).run()
        finally:
            os._exit(0)
    desk.close()
    return visitor


class Desk:
    """The side with the leases: a thread per request, because leases wait and GPUs take time to be clean."""

    def __init__(self, connection: socket.socket, leases: Leases) -> None:
        self._connection = connection
        self._leases = leases
        self._held: dict[int, Lease] = {}
        self._lock = threading.Lock()

    def run(self) -> None:
        """Serve until the fork server has ended, and with it every sandbox."""
        with contextlib.suppress(OSError):
            while (message := protocol.receive(self._connection)[0]) is not None:
                action = self._grant if message["op"] == "lease" else self._release
                threading.Thread(target=action, args=(message,), name="gpu-lease", daemon=True).start()
        for lease in list(self._held.values()):
            lease.release()

    def _grant(self, message: Message) -> None:
        number = message["id"]
        try:
            lease = self._leases.lease(message["gpus"], lambda peak: self._say({"id": number, "peak": peak}))
        except (TensorgradeError, OSError) as error:
            self._say({"id": number, **protocol.error_message(error)})
            return
        with self._lock:
            self._held[number] = lease
        granted = Granted(
            number,
            lease.ids,
            lease.nodes,
            lease.name,
            lease.gpus[0].driver,
            lease.memory_share,
            lease.peak_bytes,
        )
        self._say({"id": number, "granted": asdict(granted)})

    def _release(self, message: Message) -> None:
        with self._lock:
            lease = self._held.pop(message["id"], None)
        if lease is not None:
            lease.release()

    def _say(self, message: Message) -> None:
        with contextlib.suppress(OSError), self._lock:  # the fork server is gone: so are its sandboxes
            protocol.send(self._connection, message)


class Visitor:
    """The fork server's side. Nothing here waits."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._count = 0
        self._granted: dict[int, Granted] = {}

    def ask(self, gpus: int) -> int:
        """Ask for a lease; the number under which the answer comes."""
        self._count += 1
        protocol.send(self.connection, {"op": "lease", "id": self._count, "gpus": gpus})
        return self._count

    def release(self, number: int) -> None:
        """Its sandbox has ended, or will never start."""
        self._granted.pop(number, None)
        with contextlib.suppress(OSError):  # the desk has ended
            protocol.send(self.connection, {"op": "release", "id": number})

    def receive(self) -> tuple[int, Granted | Message] | None:
        """The next answer: a lease or an error message. None for a message that was about a peak."""
        message, _ = protocol.receive(self.connection)
        if message is None:
            raise ConnectionResetError("The desk has ended.")
        number = message["id"]
        if "peak" in message:
            if number in self._granted:  # a peak may overtake the lease itself; the next one is higher
                self._granted[number].peak_bytes = message["peak"]
            return None
        if "granted" not in message:
            return number, message
        self._granted[number] = granted = _parsed(message["granted"])
        return number, granted


def _parsed(fields: dict[str, Any]) -> Granted:
    return Granted(**(fields | {"ids": tuple(fields["ids"]), "nodes": tuple(fields["nodes"])}))
