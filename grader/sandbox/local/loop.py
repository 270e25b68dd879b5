"""The fork server's event loop: requests, sandboxes that get ready or end, and limits that run out.

One thread, because it forks. Nothing here waits for a sandbox.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from grader.errors import InfrastructureError, TensorgradeError
from grader.sandbox.base import Limits, Result, Status
from grader.sandbox.gpu.desk import Granted, Visitor
from grader.sandbox.gpu.lease import no_gpu
from grader.sandbox.limits import check
from grader.sandbox.local.nursery import Live, Nursery
from grader.sandbox.served import protocol
from grader.sandbox.served.protocol import Message


@dataclass(eq=False)
class Client:
    """One connection and its sandboxes, until their results were taken."""

    connection: socket.socket
    sandboxes: dict[int, Live] = field(default_factory=dict)
    stopping: int | None = None  # the sandbox whose end it waits for
    gone: bool = False


@dataclass(frozen=True)
class Waiting:
    """A start that waits for a GPU."""

    client: Client
    limits: Limits
    channel: int


class Loop:
    """Serves clients until the control connection closes. GPUs come from the `Visitor`'s other side."""

    def __init__(self, control: socket.socket, nursery: Nursery, gpus: Visitor | None) -> None:
        self._nursery = nursery
        self._gpus = gpus
        self._waiting: dict[int, Waiting] = {}  # by the number of the request for a GPU
        self._selector = selectors.EpollSelector()
        self._owners: dict[int, Client] = {}  # number of a sandbox -> its client
        self._control = self._add_client(control)
        if gpus is not None:
            self._watch(gpus.connection.fileno(), lambda: self._on_gpu(gpus))

    def run(self) -> None:
        """Serve; at the end nothing of any sandbox is left."""
        while not self._control.gone or self._nursery.live:
            for key, _ in self._selector.select(self._patience()):
                key.data()
            self._nursery.enforce(time.monotonic())

    def _patience(self) -> float | None:
        deadline = self._nursery.next_deadline()
        return None if deadline is None else max(0.0, deadline - time.monotonic())

    def _watch(self, descriptor: int, action: Callable[[], None]) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, action)

    def _add_client(self, connection: socket.socket) -> Client:
        connection.setblocking(False)  # whoever does not read its replies must not stop the others
        client = Client(connection)
        self._watch(connection.fileno(), lambda: self._on_request(client))
        return client

    def _on_request(self, client: Client) -> None:
        try:
            message, descriptors = protocol.receive(client.connection)
        except ConnectionError:
            message, descriptors = None, []
        if message is None:
            return self._drop(client)
        try:
            reply = self._answer(client, message, descriptors)
        except (
            TensorgradeError,
            OSError,
            KeyError,
            IndexError,
            TypeError,
        ) as error:  # also a damaged request
            reply = protocol.error_message(error)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        if reply is not None:
            self._reply(client, reply)
        return None

    def _answer(self, client: Client, message: Message, descriptors: list[int]) -> Message | None:
        """The reply, or None if it comes later."""
        match message["op"]:
            case "start":
                self._start(client, Limits(**message["limits"]), descriptors[0])
                return None
            case "stop":
                return self._stop(client, message["id"], message["wait"])
            case "connect":
                self._add_client(socket.socket(fileno=os.dup(descriptors[0])))
                return {}
        raise InfrastructureError(f"The fork server does not know the request {message['op']!r}.")

    def _start(self, client: Client, limits: Limits, channel: int) -> None:
        check(limits)
        if not limits.gpus:
            self._begin(client, limits, channel)
        elif self._gpus is None:
            raise no_gpu(limits.gpus)
        else:
            self._waiting[self._gpus.ask(limits.gpus)] = Waiting(client, limits, os.dup(channel))

    def _on_gpu(self, gpus: Visitor) -> None:
        answer = gpus.receive()
        if answer is None:
            return
        number, gpu = answer
        waiting = self._waiting.pop(number)
        try:
            if not isinstance(gpu, Granted):
                self._reply(waiting.client, gpu)
            elif waiting.client.gone:
                gpus.release(number)
            else:
                self._begin_with(waiting, gpu, gpus)
        finally:
            os.close(waiting.channel)

    def _begin_with(self, waiting: Waiting, gpu: Granted, gpus: Visitor) -> None:
        try:
            self._begin(waiting.client, waiting.limits, waiting.channel, gpu)
        except (TensorgradeError, OSError) as error:
            gpus.release(gpu.number)
            self._reply(waiting.client, protocol.error_message(error))

    def _begin(self, client: Client, limits: Limits, channel: int, gpu: Granted | None = None) -> None:
        live = self._nursery.start(limits, channel, gpu)
        client.sandboxes[live.number] = live
        self._owners[live.number] = client
        self._watch(live.status, lambda: self._on_status(live))
        self._watch(live.pidfd, lambda: self._on_end(live))

    def _on_status(self, live: Live) -> None:
        self._selector.unregister(live.status)
        client = self._owners[live.number]
        error = self._nursery.read_status(live)
        if error is not None:
            client.sandboxes.pop(live.number, None)
        self._reply(client, {"id": live.number} if error is None else protocol.error_message(error))

    def _stop(self, client: Client, number: int, wait: bool) -> Message | None:
        live = client.sandboxes.get(number)
        if live is None:
            raise InfrastructureError(f"The fork server knows no sandbox {number} of this client.")
        if live.result is not None:
            return self._take_result(client, live)
        if not wait:
            client.sandboxes.pop(number)
            return protocol.result_message(self._nursery.dismiss(live))
        self._nursery.kill(live, Status.STOPPED)
        client.stopping = number
        return None

    def _on_end(self, live: Live) -> None:
        if live.status >= 0:
            self._on_status(live)
        self._selector.unregister(live.pidfd)
        self._nursery.reap(live)
        if live.gpu is not None and self._gpus is not None:
            self._gpus.release(live.gpu.number)
        client = self._owners.pop(live.number)
        if client.stopping == live.number:
            client.stopping = None
            self._reply(client, self._take_result(client, live))

    def _take_result(self, client: Client, live: Live) -> Message:
        client.sandboxes.pop(live.number, None)
        if isinstance(live.result, Result):
            return protocol.result_message(live.result)
        return protocol.error_message(live.result or InfrastructureError("A sandbox has no result."))

    def _reply(self, client: Client, message: Message) -> None:
        if not client.gone:
            with contextlib.suppress(OSError):  # it left meanwhile: its end-of-file comes next
                protocol.send(client.connection, message)

    def _drop(self, client: Client) -> None:
        """A client left: its sandboxes end."""
        client.gone = True
        self._selector.unregister(client.connection)
        client.connection.close()
        for live in client.sandboxes.values():
            self._nursery.kill(live, Status.STOPPED)
        client.sandboxes.clear()
        if client is self._control:
            for live in list(self._nursery.live.values()):
                self._nursery.kill(live, Status.STOPPED)
