"""One container, from its creation to its removal.

Calls of the engine: info, create, attach, start, stats, kill, wait, inspect, remove; no others.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import threading
import time
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException

from grader.errors import InfrastructureError, LimitUnavailable
from grader.sandbox.base import Limits, Result, Status
from grader.sandbox.docker import endings, stream
from grader.sandbox.docker.clock import Clock
from grader.sandbox.docker.faults import engine_faults
from grader.sandbox.docker.host_config import Machine, cpus, create_body
from grader.sandbox.docker.meter import meter_for
from grader.sandbox.docker.options import DockerOptions
from grader.sandbox.docker.ready import READY

_START_SECONDS = 60.0  # to get ready: imports, on a machine that may be very busy
_END_SECONDS = 10.0  # from the end of its stream to the engine's knowing how it ended
_OOM_SECONDS = 0.25  # the engine may hear that memory ran out after it heard of the end
_MOST_COMPLAINT = 4096  # bytes of standard error that are kept while it starts
_NOT_RUNNING = (404, 409)  # what the engine answers to a kill that comes too late
_log = logging.getLogger(__name__)


class Container:
    """A single-use container whose harness is ready and waits.

    id:   the engine's name for it.
    """

    def __init__(self, client: docker.APIClient, limits: Limits, machine: Machine, identity: str) -> None:
        self.id = identity
        self._client = client
        self._limits = limits
        self._cpus = min(cpus(limits, machine), limits.processes)
        self._attached: Any = None  # what docker-py made around the stream; both must be closed
        self._stream: socket.socket | None = None
        self._channel: socket.socket | None = None
        self._lock = threading.RLock()
        self._over = threading.Event()  # its stream has ended
        self._reason: Status | None = None  # why we killed it, if we did
        self._end: Result | InfrastructureError | None = None
        self._clock: Clock | None = None  # once it is ready
        self._noise = 0

    # ------------------------------------------------------------ beginning

    @classmethod
    def start(cls, client: docker.APIClient, options: DockerOptions, limits: Limits) -> Container:
        """Create, attach, start and wait until its harness says that it is ready.

        Raises:
            LimitUnavailable: a limit cannot be enforced by this engine.
            InfrastructureError: the engine is not there, or the start failed.
        """
        with engine_faults():
            machine = Machine.of(client.info())
            created = client.create_container_from_config(create_body(limits, options, machine))
            container = cls(client, limits, machine, created["Id"])
            try:
                _refuse_dropped(created.get("Warnings") or [])
                container._begin()
            except BaseException:
                container._reason = Status.STOPPED
                container._remove()
                raise
        return container

    def _begin(self) -> None:
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        self._attached = self._client.attach_socket(self.id, params=wanted)
        attached: socket.socket = getattr(self._attached, "_sock", self._attached)
        self._stream = attached
        self._client.start(self.id)
        self._await_ready(attached)
        attached.settimeout(None)
        self._clock = Clock(meter_for(self._client, self.id), self._limits, self._cpus)

    def _await_ready(self, attached: socket.socket) -> None:
        said, complaint = bytearray(), bytearray()
        demultiplexer = stream.Demultiplexer(said.extend, complaint.extend)
        deadline = time.monotonic() + _START_SECONDS
        while said != READY:
            attached.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = attached.recv(_MOST_COMPLAINT)
            except TimeoutError:
                raise InfrastructureError(f"A container was not ready within {_START_SECONDS:g} s.") from None
            demultiplexer.feed(memoryview(data))
            if not data or not READY.startswith(said) or len(complaint) > 16 * _MOST_COMPLAINT:
                text = complaint[-_MOST_COMPLAINT:].decode(errors="replace").strip()
                raise InfrastructureError(f"A container ended before it was ready. {text}")
        self._demultiplexer = stream.Demultiplexer(self._pass_on, self._count_noise)

    @property
    def is_alive(self) -> bool:
        """Whether it still waits for its first request: its stream is open and silent."""
        if self._stream is None or self._end is not None or self._over.is_set():
            return False
        poll = select.poll()
        poll.register(self._stream, select.POLLIN)
        return not poll.poll(0)

    # ------------------------------------------------------------ serving

    def serve(self, channel: socket.socket) -> None:
        """Begin to copy between `channel` (which it takes over) and the container; the clocks start."""
        channel.setblocking(True)
        self._channel = channel
        self._ready_clock().start()
        for work in (self._copy, self._watch):
            threading.Thread(target=work, name=f"sandbox-{self.id[:12]}", daemon=True).start()

    def _copy(self) -> None:
        """Until the stream ends. The other direction has a thread of its own: either may have to wait."""
        channel, attached = self._channel, self._stream
        assert channel is not None  # noqa: S101  for mypy: `serve` was called
        assert attached is not None  # noqa: S101
        inwards = threading.Thread(
            target=stream.copy_in, args=(channel, attached), name="sandbox-in", daemon=True
        )
        inwards.start()
        try:
            stream.copy_out(attached, self._demultiplexer.feed)
        except stream.StreamDamaged:
            _log.exception("a container's stream is damaged")
        finally:
            self._ready_clock().end()
            self._over.set()
            self._hang_up()
            inwards.join()
            channel.close()
            self._close_stream()

    def _close_stream(self) -> None:
        if self._stream is not None:
            self._attached.close()
            self._stream.close()

    def _pass_on(self, piece: memoryview) -> None:
        assert self._channel  # noqa: S101  for mypy
        self._channel.sendall(piece)

    def _count_noise(self, piece: memoryview) -> None:
        """Standard error is /dev/null for the submission, so this is somebody who went out of his way."""
        self._noise += len(piece)
        if self._noise > self._limits.output_bytes:
            self._kill(Status.OUTPUT)
            raise BrokenPipeError

    def _hang_up(self) -> None:
        """Wake up whoever copies; the examiner reads what was sent, and then the end."""
        for end in (self._channel, self._stream):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    # ------------------------------------------------------------ limits

    def _watch(self) -> None:
        """Kill it when its time is over."""
        try:
            reason = self._ready_clock().watch(self._over)
            if reason is not None:
                self._kill(reason)
        except InfrastructureError:
            _log.exception("a container cannot be ended")
            self._hang_up()

    def _ready_clock(self) -> Clock:
        assert self._clock is not None  # noqa: S101  for mypy: it was started
        return self._clock

    def _kill(self, reason: Status) -> None:
        """Kill it, if it lives; the first reason counts."""
        with self._lock:
            if self._reason is not None or self._over.is_set():
                return
            self._reason = reason
        with engine_faults():
            try:
                self._client.kill(self.id)
            except APIError as error:
                if error.status_code not in _NOT_RUNNING:
                    raise

    # ------------------------------------------------------------ end

    def stop(self, *, wait: bool = True) -> Result:
        """Kill it, remove it, say how it ended. Safe to call twice. Without `wait`, removal goes on behind.

        Raises:
            InfrastructureError: the engine is gone, or somebody else ended it.
        """
        with self._lock:
            if self._end is None:
                try:
                    self._end = self._finish(wait=wait)
                except InfrastructureError as error:
                    self._end = error
        if isinstance(self._end, InfrastructureError):
            raise self._end
        return self._end

    def _finish(self, *, wait: bool) -> Result:
        if not wait and not self._over.is_set():
            return self._dismiss()
        try:
            if not self._over.is_set():
                self._ready_clock().read()
                self._kill(Status.STOPPED)
            state = self._state()
        finally:
            self._hang_up()
            self._remove()
        return endings.result(state, self._reason, self._limits, self._ready_clock().usage())

    def _dismiss(self) -> Result:
        """Say at once what it used until now; the rest is done behind."""
        self._ready_clock().read()
        used = self._ready_clock().usage()
        with self._lock:
            status = self._reason = self._reason or Status.STOPPED
        self._hang_up()
        threading.Thread(target=self._remove, name=f"remove-{self.id[:12]}").start()
        return Result(status, used)

    def _state(self) -> dict[str, Any]:
        """How the engine says that it ended."""
        with engine_faults():
            self._client.wait(self.id, timeout=_END_SECONDS)
            deadline = time.monotonic() + _OOM_SECONDS
            while True:
                state: dict[str, Any] = self._client.inspect_container(self.id)["State"]
                late = endings.may_be_out_of_memory(state) and self._reason is None
                if not late or time.monotonic() > deadline:
                    return state
                time.sleep(0.01)

    def _remove(self) -> None:
        """Kill and remove in one call. What fails here is found by its label later."""
        if self._clock is not None:
            self._clock.close()
        try:
            self._client.remove_container(self.id, v=True, force=True)
        except (DockerException, requests.RequestException, OSError) as error:
            if getattr(error, "status_code", None) not in _NOT_RUNNING:
                _log.warning("a container could not be removed: %s", error)
        if self._channel is None:  # else whoever copies does it
            self._close_stream()


def _refuse_dropped(warnings: list[str]) -> None:
    """The engine drops what its kernel lacks, and only warns."""
    dropped = [warning for warning in warnings if "discarded" in warning and "swappiness" not in warning]
    if dropped:
        raise LimitUnavailable(" ".join(dropped), "Use a kernel with all control groups turned on.")
