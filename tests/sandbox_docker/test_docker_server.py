"""The container server and its backend, with real containers."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest
from machine import containers_wanted, unavailable

from grader.errors import InfrastructureError
from grader.sandbox.base import Limits, Status
from grader.sandbox.docker.backend import DockerBackend
from grader.sandbox.docker.leftovers import owner_of
from grader.sandbox.docker.options import OWNER_LABEL, DockerOptions
from grader.sandbox.served.client import ServedClient
from grader.wire import messages as m
from grader.wire.codec import Encoder
from grader.wire.connection import Connection

LIMITS = Limits(cpu_seconds=10, wall_seconds=30)
REPOSITORY = Path(__file__).parents[2]
HOLDER = """
import sys, time
from grader.sandbox.base import Limits
from grader.sandbox.docker.backend import DockerBackend
from grader.sandbox.docker.options import DockerOptions
backend = DockerBackend(DockerOptions(warm=1))
sandbox = backend.start(Limits(cpu_seconds=10, wall_seconds=30))
print(backend.server_pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def backend() -> Iterator[DockerBackend]:
    containers_wanted()
    try:
        made = DockerBackend(DockerOptions(warm=1, most=4))
    except InfrastructureError as error:
        unavailable(str(error))
    with made:
        yield made
    assert containers_of(made.server_pid) == []


@pytest.fixture(scope="module")
def engine_client() -> Iterator[docker.DockerClient]:
    containers_wanted()
    client = docker.from_env()
    yield client
    client.close()


def containers_of(pid: int) -> list[str]:
    """Those of a server, also of one that has ended."""
    client = docker.from_env()
    found = client.containers.list(all=True, ignore_removed=True)
    client.close()
    return [one.id for one in found if f":{pid}:" in one.labels.get(OWNER_LABEL, "")]


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answer(channel: socket.socket) -> m.Reply:
    """What its harness says to a small request."""
    connection, encoder = Connection(channel), Encoder(lambda _: m.Handle(0, "", ""))
    request = m.Request(1, m.Define("lambda: 1"), [])
    connection.send(m.encode(request), encoder.buffers, 10)
    return m.decode_reply(connection.receive(10)[0])


def test_a_sandbox_answers_and_says_how_it_ended(backend):
    sandbox = backend.start(LIMITS)
    assert isinstance(answer(sandbox.channel).outcome, m.Returned)
    result = sandbox.stop()
    assert result.status is Status.STOPPED
    assert result.usage.wall_seconds > 0
    assert sandbox.stop() is result


def test_each_container_is_used_once(backend):
    seen: set[str] = set()
    for _ in range(3):
        sandbox = backend.start(LIMITS)
        assert isinstance(answer(sandbox.channel).outcome, m.Returned)
        mine = set(containers_of(backend.server_pid))
        sandbox.stop()
        gone = mine - set(containers_of(backend.server_pid))
        assert len(gone) == 1
        assert not gone & seen
        seen |= gone


def test_an_order_becomes_ready_while_the_client_does_something_else(backend):
    client = ServedClient(backend.connection(), backend.name)
    client.order(LIMITS)
    select.select([client._connection], [], [], 60)
    before = time.monotonic()
    sandbox = client.start(LIMITS)
    assert time.monotonic() - before < 0.2
    sandbox.stop(wait=False)
    client.close()
    assert client.name == "docker"


def test_what_a_client_started_ends_with_it(backend):
    client = ServedClient(backend.connection())
    sandbox = client.start(LIMITS)
    client.close()
    assert sandbox.channel.recv(1) == b""
    sandbox.channel.close()


def test_a_sandbox_belongs_to_the_client_that_started_it(backend):
    one, other = ServedClient(backend.connection()), ServedClient(backend.connection())
    sandbox = one.start(LIMITS)
    with pytest.raises(InfrastructureError, match="knows no sandbox"):
        other.request({"op": "stop", "id": sandbox._number, "wait": True})
    sandbox.stop()
    one.close()
    other.close()


def test_a_slow_start_does_not_hold_up_another_client(backend):
    """Limits that nobody used before are a cold start; the others are warm."""
    backend.start(LIMITS).stop()
    with ThreadPoolExecutor(1) as threads:
        cold = ServedClient(backend.connection())
        slow = threads.submit(cold.start, Limits(wall_seconds=29))
        time.sleep(0.1)
        backend.connection().close()
        assert not slow.done()
        slow.result(timeout=60).stop()
        cold.close()


def test_a_damaged_request_costs_its_own_reply_only(backend):
    client = ServedClient(backend.connection())
    for message in ({"op": "dance"}, {"op": "stop"}, {"op": "start", "limits": {"speed": 1}}):
        with pytest.raises(InfrastructureError):
            client.request(message)
    client.start(LIMITS).stop()
    client.close()


def test_without_an_engine_it_says_what_to_do():
    with pytest.raises(InfrastructureError, match=r"does not answer.*doctor"):
        DockerBackend(DockerOptions(engine="unix:///nowhere/docker.sock"))


def test_without_the_image_it_says_what_to_do(backend):
    with pytest.raises(InfrastructureError, match=r"tensorgrade-no-such.*make images"):
        DockerBackend(DockerOptions(image="tensorgrade-no-such:latest"))


def start_holder() -> tuple[subprocess.Popen[str], int]:
    """Another process with a backend and a sandbox in use; and its server's pid."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    with holder.stdout as lines:
        return holder, int(lines.readline())


def test_nothing_is_left_when_the_parent_is_killed(backend):
    holder, server = start_holder()
    assert containers_of(server)
    holder.kill()
    holder.wait()
    until(lambda: containers_of(server) == [])


def test_nothing_is_left_when_the_server_is_told_to_end(backend):
    holder, server = start_holder()
    os.kill(server, signal.SIGTERM)
    until(lambda: containers_of(server) == [])
    holder.kill()
    holder.wait()


def test_what_a_killed_server_left_is_removed_by_the_next_one(backend):
    holder, server = start_holder()
    until(lambda: len(containers_of(server)) == 2)
    os.kill(server, signal.SIGKILL)
    holder.kill()
    holder.wait()
    assert containers_of(server)
    with DockerBackend(DockerOptions(warm=0)):
        until(lambda: containers_of(server) == [])
    backend.start(LIMITS).stop()  # those of a server that lives stay


def test_a_warm_container_that_somebody_removed_is_not_handed_out(backend, engine_client):
    backend.start(LIMITS).stop()
    until(lambda: len(containers_of(backend.server_pid)) >= 1)
    time.sleep(3)
    for container in containers_of(backend.server_pid):
        engine_client.api.remove_container(container, force=True)
    sandbox = backend.start(LIMITS)
    assert isinstance(answer(sandbox.channel).outcome, m.Returned)
    sandbox.stop()


def test_a_container_killed_by_a_stranger_is_our_fault(backend, engine_client):
    sandbox = backend.start(LIMITS)
    time.sleep(3)
    for container in containers_of(backend.server_pid):
        engine_client.api.remove_container(container, force=True)
    assert sandbox.channel.recv(1) == b""
    with pytest.raises(InfrastructureError):
        sandbox.stop()


def test_the_owner_is_this_very_process():
    assert owner_of(os.getpid()) == owner_of(os.getpid())
    assert f":{os.getpid()}:" in owner_of(os.getpid())
