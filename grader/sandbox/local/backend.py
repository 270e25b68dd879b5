"""The local backend as its users see it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from grader.errors import InfrastructureError
from grader.sandbox.base import Limits, Result
from grader.sandbox.gpu.options import GpuOptions
from grader.sandbox.local import protocol
from grader.sandbox.local.protocol import Message
from grader.sandbox.niceness import give_way

HARNESS = "grader.sandbox.local.preload:serve_harness"
_PROJECT = Path(__file__).resolve().parents[3]
_START_SECONDS = 120.0
_REPLY_SECONDS = 60.0
_END_SECONDS = 10.0
# Set before the fork server starts: libraries read it when they are loaded, and every sandbox inherits it.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/sandbox/home",
    "TMPDIR": "/sandbox/tmp",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # huge pages for the heap: far fewer page faults
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",  # threads that wait sleep: a spinning one counts as CPU time
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",  # asking for GPUs must not start CUDA: it survives no fork
}


class LocalSandbox:
    """A sandbox of the local backend."""

    def __init__(self, client: LocalClient, number: int, channel: socket.socket) -> None:
        self._client = client
        self._number = number
        self._end: Result | InfrastructureError | None = None
        self.channel = channel

    def stop(self, *, wait: bool = True) -> Result:
        """See `Sandbox`.

        Raises:
            InfrastructureError: somebody else killed it, or the fork server is gone.
        """
        if self._end is None:
            try:
                self._end = protocol.parse_result(
                    self._client.request({"op": "stop", "id": self._number, "wait": wait})
                )
            except InfrastructureError as error:
                self._end = error
            self.channel.close()  # not before: a harness that sees its end exits by itself
        if isinstance(self._end, InfrastructureError):
            raise self._end
        return self._end


@dataclass(frozen=True)
class _Order:
    """A sandbox that was asked for; the reply is still to come."""

    limits: Limits
    channel: socket.socket


class LocalClient:
    """A backend that is one connection to a fork server, which may have been made by another process.

    name: of the backend whose server it is; all speak the same protocol.
    """

    def __init__(self, connection: socket.socket, name: str = "local") -> None:
        self.name = name
        self._server = "fork server" if name == "local" else f"{name} sandbox server"
        self._connection = connection
        self._connection.settimeout(_REPLY_SECONDS)
        self._lock = threading.RLock()
        self._ordered: _Order | None = None

    def order(self, limits: Limits) -> None:
        """Ask for a sandbox without waiting for it: the next `start` with these limits gets it.

        It becomes ready while the caller does something else. Only one can be on order.
        """
        with self._lock:
            if self._ordered is None:
                self._ordered = self._send_order(limits)

    def start(self, limits: Limits) -> LocalSandbox:
        """See `Backend`."""
        with self._lock:
            if self._ordered is None or self._ordered.limits != limits:
                self._cancel_order()
                self._ordered = self._send_order(limits)
            order, self._ordered = self._ordered, None
            return self._deliver(order)

    def _cancel_order(self) -> None:
        order, self._ordered = self._ordered, None
        if order is not None:
            with contextlib.suppress(InfrastructureError):  # nobody wants it any more, nor its troubles
                self._deliver(order).stop()

    def _send_order(self, limits: Limits) -> _Order:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._send({"op": "start", "limits": asdict(limits)}, [theirs.fileno()])
        except BaseException:
            ours.close()
            raise
        return _Order(limits, ours)

    def _deliver(self, order: _Order) -> LocalSandbox:
        try:
            return LocalSandbox(self, self._reply()["id"], order.channel)
        except BaseException:
            order.channel.close()
            raise

    def close(self) -> None:
        """See `Backend`: the fork server kills what this connection started."""
        if self._ordered is not None:
            self._ordered.channel.close()
        self._connection.close()

    def new_connection(self) -> socket.socket:
        """A further connection to the same server, for another client."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.request({"op": "connect"}, [theirs.fileno()])
        return ours

    def request(self, message: Message, descriptors: Sequence[int] = ()) -> Message:
        """One request and its reply.

        Raises:
            InfrastructureError: the fork server is gone, or it reports an error.
            LimitUnavailable: it cannot enforce a limit.
        """
        with self._lock:
            self._cancel_order()  # its reply would come first
            self._send(message, descriptors)
            return self._reply()

    def _send(self, message: Message, descriptors: Sequence[int]) -> None:
        try:
            protocol.send(self._connection, message, descriptors)
        except OSError as error:
            raise InfrastructureError(f"The {self._server} does not answer: {error}.") from error

    def _reply(self) -> Message:
        try:
            reply, _ = protocol.receive(self._connection)
        except OSError as error:
            self._connection.close()  # a reply that comes too late must not be taken for the next one's
            raise InfrastructureError(f"The {self._server} does not answer: {error}.") from error
        if reply is None:
            raise InfrastructureError(f"The {self._server} has ended.")
        protocol.raise_if_error(reply)
        return reply


class LocalBackend:
    """Sandboxes made of Linux namespaces, by a fork server of its own.

    masked: further folders that no sandbox may see; the project's own folder never is.
    entry:  module:function to call in each sandbox with its channel and limits; for tests.
    import_path: folders to import `entry` from.
    niceness: how much they give way to other processes, from 0 to 19.
    gpus: which ones sandboxes may have; by default all.

    Raises:
        LimitUnavailable: this machine lacks something; says what and what to do.
        InfrastructureError: the fork server did not start.
    """

    name = "local"

    def __init__(
        self,
        masked: Sequence[Path] = (),
        entry: str = HARNESS,
        import_path: Sequence[Path] = (),
        niceness: int = 0,
        gpus: GpuOptions | None = None,
    ) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = _spawn(theirs)
        give_way(self._process, niceness)
        self._client = LocalClient(ours)
        ours.settimeout(_START_SECONDS)
        hidden = [*_project(), *(path.resolve() for path in (*masked, *import_path))]
        config: Message = {
            "entry": entry,
            "import_path": [str(path) for path in import_path],
            "hidden": [str(path) for path in hidden],
            "gpus": (gpus or GpuOptions()).to_dict(),
        }
        try:
            self._client.request(config)
        except BaseException:
            self.close()
            raise

    @property
    def server_pid(self) -> int:
        """The process id of the fork server's keeper."""
        return self._process.pid

    def start(self, limits: Limits) -> LocalSandbox:
        """See `Backend`."""
        return self._client.start(limits)

    def connection(self) -> socket.socket:
        """A new connection for a `LocalClient`, here or in a process that inherits or is sent the socket."""
        return self._client.new_connection()

    def close(self) -> None:
        """End the fork server and every sandbox of it, also those of other connections."""
        self._client.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> LocalBackend:
        """A backend is closed at the end of a `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """See `close`."""
        self.close()


def _project() -> list[Path]:
    """The folder that grader was imported from, with its specs, unless it is an ordinary site-packages."""
    return [] if _PROJECT.name.endswith("-packages") else [_PROJECT]


def _spawn(control: socket.socket) -> subprocess.Popen[bytes]:
    """A fresh interpreter: memory that a sandbox inherits must never have held a spec."""
    command = [sys.executable, "-m", "grader.sandbox.local.server", str(control.fileno())]
    return subprocess.Popen(  # noqa: S603  our own interpreter and module
        command,
        env=_ENVIRONMENT,
        cwd=_PROJECT,
        pass_fds=[control.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
