"""The container server: `python -m grader.sandbox.docker.server FD`, started by `DockerBackend`.

It speaks the fork server's protocol (`grader.sandbox.served.protocol`), so the examiner, which meets hostile
bytes, never holds the engine's socket. Every client has a thread: nobody waits for another one's container.
It ends, and removes its containers, when its control connection closes or its parent is gone.
"""

from __future__ import annotations

import itertools
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

from grader.errors import InfrastructureError, TensorgradeError
from grader.sandbox.base import Limits
from grader.sandbox.docker import faults, leftovers
from grader.sandbox.docker.container import Container
from grader.sandbox.docker.gpus import GpuPool
from grader.sandbox.docker.options import DockerOptions
from grader.sandbox.docker.pool import Pool
from grader.sandbox.gpu import GpuOptions, Leases
from grader.sandbox.local import syscalls as sys_
from grader.sandbox.served import protocol
from grader.sandbox.served.protocol import Message

if TYPE_CHECKING:
    import docker

_END_SECONDS = 15.0
_PARENT_SECONDS = 2.0  # between looks whether the parent is there
_SWEEP_SECONDS = 20.0  # between looks for containers that were left behind
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Client:
    """One connection and its containers, until their results were taken."""

    connection: socket.socket
    pool: GpuPool
    numbers: itertools.count[int]
    containers: dict[int, Container] = field(default_factory=dict)

    def serve(self) -> None:
        """Answer until it leaves; then its containers end."""
        try:
            while self.turn():
                pass
        finally:
            self.connection.close()
            for container in self.containers.values():
                with suppress(InfrastructureError):
                    self.pool.end(container, wait=False)

    def turn(self) -> bool:
        """One request and its reply; False once the client is gone."""
        try:
            message, descriptors = protocol.receive(self.connection)
        except ConnectionError:
            return False
        if message is None:
            return False
        try:
            reply = self._answer(message, descriptors)
        except (TensorgradeError, OSError, KeyError, IndexError, TypeError) as error:  # or a damaged request
            reply = protocol.error_message(error)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        try:
            protocol.send(self.connection, reply)
        except OSError:
            return False
        return True

    def _answer(self, message: Message, descriptors: list[int]) -> Message:
        match message["op"]:
            case "start":
                return self._start(Limits(**message["limits"]), descriptors[0])
            case "stop":
                return self._stop(message["id"], wait=message["wait"])
            case "connect":
                other = _Client(socket.socket(fileno=os.dup(descriptors[0])), self.pool, self.numbers)
                threading.Thread(target=other.serve, name="client", daemon=True).start()
                return {}
        raise InfrastructureError(f"The container server does not know the request {message['op']!r}.")

    def _start(self, limits: Limits, descriptor: int) -> Message:
        container = self.pool.take(limits)
        number = next(self.numbers)
        self.containers[number] = container
        try:
            container.serve(socket.socket(fileno=os.dup(descriptor)))
        except BaseException:
            with suppress(InfrastructureError):
                self.pool.end(self.containers.pop(number), wait=False)
            raise
        return {"id": number}

    def _stop(self, number: int, *, wait: bool) -> Message:
        container = self.containers.pop(number, None)
        if container is None:
            raise InfrastructureError(f"The container server knows no sandbox {number} of this client.")
        return protocol.result_message(self.pool.end(container, wait=wait))


def main() -> NoReturn:
    """Serve until the control connection closes, the parent is gone, or SIGTERM comes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the engine's business
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    sys_.set_process_name("grader-docker")
    control = socket.socket(fileno=int(sys.argv[1]))
    try:
        message, _ = protocol.receive(control)
        if message is not None:
            _run(control, message)
    finally:
        os._exit(0)  # a thread that waits for the engine must not keep us


def _run(control: socket.socket, config: Message) -> None:
    options = replace(DockerOptions.from_message(config["options"]), owner=leftovers.owner_of(os.getpid()))
    try:
        engine = faults.connect(options)
        with faults.engine_faults():
            engine.inspect_image(options.image)
    except InfrastructureError as error:
        protocol.send(control, protocol.error_message(error))
        return
    plain = Pool(
        lambda limits: _start(engine, options, limits),
        warm=options.warm,
        most=options.most,
        idle_seconds=options.idle_seconds,
    )
    gpus = GpuOptions.from_dict(config["gpus"])
    shared = replace(options, gpu_memory_share=gpus.memory_share)
    pool = GpuPool(
        plain, Leases(gpus), lambda limits, ids: _start(engine, replace(shared, gpu_ids=ids), limits)
    )
    client = _Client(control, pool, itertools.count(1))
    try:
        threading.Thread(target=_sweep, args=(engine, options.owner, pool), daemon=True).start()
        protocol.send(control, {})
        _serve_control(client)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends already
        pool.close()
        _finish_removals()


def _finish_removals() -> None:
    """Some containers are removed behind the scenes; no more than a while is spent on it."""
    deadline = time.monotonic() + _END_SECONDS
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))


def _start(engine: docker.APIClient, options: DockerOptions, limits: Limits) -> Container:
    with faults.engine_faults():
        return Container.start(engine, options, limits)


def _serve_control(client: _Client) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        readable, _, _ = select.select([client.connection], [], [], _PARENT_SECONDS)
        if readable and not client.turn():
            return


def _sweep(engine: docker.APIClient, owner: str, pool: GpuPool) -> None:
    """Look at once, and again and again: also our own may be lost, while the engine is away."""
    while True:
        try:
            leftovers.remove_left(engine, owner, pool.ids())
        except InfrastructureError as error:
            _log.warning("%s", error)
        threading.Event().wait(_SWEEP_SECONDS)


if __name__ == "__main__":
    main()
