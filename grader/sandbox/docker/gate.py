"""The gate between workers and the engine: whoever may use the engine's socket is root on its machine.

    worker --unix socket--> gate --/var/run/docker.sock--> engine

It lets through what the Docker backend needs: making containers of exactly the shape of a sandbox, and
working with those. Each connection carries one request. It is read, judged by `gate_rules`, and written anew;
the answer is passed on, and the connection ends. Only `attach` becomes a tunnel, once the engine says so.

    python -m grader.sandbox.docker.gate --listen unix:/gate/engine.sock --image NAME
    python -m grader.sandbox.docker.gate --listen unix:/gate/engine.sock --check
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from grader.sandbox.docker import profile
from grader.sandbox.docker.gate_http import answer, only, read_request, refusal, written
from grader.sandbox.docker.gate_rules import Call, Request, checked
from grader.sandbox.docker.gate_shape import LABEL, Refused, Shape

_HEAD_BYTES = 64 * 1024
_ANSWER_BYTES = 16 * 1024 * 1024
_CHUNK = 64 * 1024
_CONNECTIONS = 256
_CLOSE_SECONDS = 5.0
_BAD_GATEWAY, _FORBIDDEN = "502 Bad Gateway", "403 Forbidden"
_Begun = tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]
_log = logging.getLogger("gate")


class _EngineAway(Exception):
    """It cannot be reached, or says nothing that can be read."""


class Gate:
    """Serves connections. Remembers which containers are sandboxes: what has the label once has it always."""

    def __init__(self, engine: str, shape: Shape) -> None:
        self._engine = engine
        self._shape = shape
        self._sandboxes: set[str] = set()
        self._places = asyncio.Semaphore(_CONNECTIONS)
        self._serving: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to serve a connection. Held here: asyncio forgets the task once its client has left."""
        task = asyncio.create_task(self.serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its request to its end."""
        try:
            async with self._places:
                await self._serve(reader, writer)
        except Refused as refused:
            _log.warning("Refused: %s", refused)
            await _say(writer, refusal(_FORBIDDEN, str(refused)))
        except _EngineAway as away:
            _log.warning("The engine does not answer: %s", away)
            await _say(writer, refusal(_BAD_GATEWAY, "The engine does not answer."))
        except OSError as error:
            _log.debug("The client left: %s", error)
        finally:
            await _close(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        if request is None:
            return
        call = self._judged(request)
        if call.container and call.container not in self._sandboxes:
            await self._recognize(call)
        if call.kept is not None:
            status, body = await self._asked(call.method, call.target)
            writer.write(answer(status, only(body, call.kept)))
        else:
            await self._pass_on(call, reader, writer)
        if call.method == "DELETE":
            self._sandboxes.discard(call.container)
        await writer.drain()

    def _judged(self, request: Request) -> Call:
        try:
            return checked(request, self._shape)
        except Refused as refused:
            raise Refused(f"{refused} ({request.method} {request.target[:120]})") from None

    async def _recognize(self, call: Call) -> None:
        """Raises `Refused` unless this container is a sandbox."""
        version = call.target.partition("/containers/")[0]
        status, body = await self._asked("GET", f"{version}/containers/{call.container}/json")
        found = json.loads(body) if status.startswith("200 ") else {}
        name, _, value = LABEL.partition("=")
        labels = (found.get("Config") or {}).get("Labels") or {}
        if found and (found.get("Id") != call.container or labels.get(name) != value):
            raise Refused("This container is not a sandbox.")
        if found:  # else the engine itself says that there is no such container
            self._sandboxes.add(call.container)

    async def _asked(self, method: str, target: str) -> tuple[str, bytes]:
        """Status and body of an answer. HTTP/1.0, so that the body just ends with the connection."""
        text = written(method, target, b"", upgrade=False, version="1.0")
        async with self._begun(text) as (head, reader, _):
            body = await reader.read(_CHUNK)
            while more := await reader.read(_CHUNK):
                body += more
                if len(body) > _ANSWER_BYTES:
                    raise _EngineAway("its answer is too long")
        return head.split(b"\r\n", 1)[0].decode().partition(" ")[2], body

    async def _pass_on(self, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ask the engine and hand its answer on; no more of the client is read unless it is a tunnel."""
        text = written(call.method, call.target, call.body, upgrade=call.upgrade)
        async with self._begun(text) as (head, upstream, engine):
            writer.write(head)
            if head.startswith(b"HTTP/1.1 101 ") and call.upgrade:
                await _tunnel((reader, writer), (upstream, engine))
            else:
                await _copy_unless_left(reader, upstream, writer)

    @asynccontextmanager
    async def _begun(
        self, text: bytes
    ) -> AsyncIterator[tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]]:
        """A request to the engine: the head of its answer, and the connection for the rest."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._engine, limit=_HEAD_BYTES)
        except OSError as error:
            raise _EngineAway(str(error)) from error
        try:
            try:
                writer.write(text)
                await writer.drain()
                head = await reader.readuntil(b"\r\n\r\n")
            except (OSError, EOFError, asyncio.LimitOverrunError) as error:
                raise _EngineAway(str(error)) from error
            yield head, reader, writer
        finally:
            await _close(writer)


async def _tunnel(
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    engine: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Copy both ways. It ends when the container's side does; the client's end is passed on as such."""
    towards = asyncio.create_task(_copy(client[0], engine[1]))
    try:
        await _copy(engine[0], client[1])
    finally:
        towards.cancel()
        await asyncio.gather(towards, return_exceptions=True)


async def _copy_unless_left(
    client: asyncio.StreamReader, source: asyncio.StreamReader, target: asyncio.StreamWriter
) -> None:
    """The answer, which may take as long as a container runs; given up once the client is gone."""
    copying = asyncio.create_task(_copy(source, target))
    leaving = asyncio.create_task(client.read(1))
    await asyncio.wait({copying, leaving}, return_when=asyncio.FIRST_COMPLETED)
    if not copying.done() and leaving.result():
        await asyncio.wait({copying})  # it sent more than its request, which nobody reads
    for task in (copying, leaving):
        task.cancel()
    await asyncio.gather(copying, leaving, return_exceptions=True)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()
        target.write_eof()


async def _say(writer: asyncio.StreamWriter, text: bytes) -> None:
    with suppress(OSError):
        writer.write(text)
        await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    """What a peer does not read is dropped after a while."""
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await writer.wait_closed()
            return
    writer.transport.abort()


async def run(listen: str, engine: str, shape: Shape) -> None:
    """Serve until SIGTERM or SIGINT."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    Path(listen).unlink(missing_ok=True)
    gate = Gate(engine, shape)
    before = os.umask(0o117)  # for the user and the group of workers
    server = await asyncio.start_unix_server(gate.accept, listen, limit=_CHUNK, backlog=_CONNECTIONS)
    os.umask(before)
    _log.info("The gate is open at %s, for sandboxes of %s.", listen, shape.image)
    await told.wait()
    server.close()
    Path(listen).unlink(missing_ok=True)


def is_open(listen: str) -> bool:
    """Whether a gate is there and its engine answers."""
    with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
        client.settimeout(5)
        client.connect(listen)
        client.sendall(b"GET /_ping HTTP/1.1\r\nHost: gate\r\n\r\n")
        with client.makefile("rb") as answer:
            return answer.read().startswith(b"HTTP/1.1 200 ")
    return False


def _path(text: str) -> str:
    return text.removeprefix("unix:").removeprefix("//")


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(
        prog="python -m grader.sandbox.docker.gate", description="See the module."
    )
    parser.add_argument("--listen", required=True, type=_path)
    parser.add_argument("--engine", default="/var/run/docker.sock", type=_path)
    parser.add_argument("--image", default=Shape.image)
    parser.add_argument(
        "--memory-mib", type=int, default=Shape.memory_bytes // 1024**2, help="of one sandbox at most"
    )
    parser.add_argument("--check", action="store_true", help="whether one is open there: exit status 0 or 1")
    given = parser.parse_args()
    if given.check:
        return 0 if is_open(given.listen) else 1
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    shape = Shape(
        image=given.image,
        seccomp=profile.text(),
        gpu_seccomp=profile.text(gpu=True),
        memory_bytes=given.memory_mib * 1024**2,
    )
    asyncio.run(run(given.listen, given.engine, shape))
    return 0


if __name__ == "__main__":
    sys.exit(main())
