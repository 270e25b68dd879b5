import socket
from pathlib import Path

from grader.sandbox.base import Limits, Status
from grader.sandbox.fake import FakeBackend


def echo(channel: socket.socket, limits: Limits) -> None:
    while data := channel.recv(100):
        channel.sendall(data + str(limits.threads).encode())


def test_the_entry_runs_at_the_other_end():
    backend = FakeBackend(echo)
    sandbox = backend.start(Limits(threads=3))
    sandbox.channel.sendall(b"x")
    assert sandbox.channel.recv(100) == b"x3"
    assert sandbox.stop().status is Status.STOPPED
    assert sandbox.stop().status is Status.STOPPED
    backend.close()


def test_close_ends_all():
    backend = FakeBackend(echo)
    sandboxes = [backend.start(Limits()) for _ in range(2)]
    backend.close()
    assert all(sandbox.channel.fileno() == -1 for sandbox in sandboxes)


def test_nothing_of_the_product_uses_it():
    package = Path(__file__).resolve().parents[2] / "grader"
    users = [path for path in package.rglob("*.py") if "sandbox.fake" in path.read_text()]
    assert users == []
