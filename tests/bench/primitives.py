"""The sandbox and the wire by themselves: time to a ready sandbox, a small call, a large tensor,
memory per sandbox.
"""

from __future__ import annotations

import socket
import statistics
import threading
import time
from collections.abc import Callable

import torch

from grader.intake.model import Submission
from grader.proxy.remote import RemoteSubmission
from grader.proxy.session import LoadPlan, Session
from grader.sandbox.base import Limits
from grader.sandbox.local.backend import LocalBackend

_LARGE = 10 * 2**20  # bytes
_SOURCE = b"def same(x):\n    return x\n\ndef take(x):\n    return None if x is None else x.numel()\n"
_SUBMISSION = Submission("same.py", "0" * 64, {"solution.py": _SOURCE}, "solution.py")


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def session(backend: LocalBackend) -> Session:
    return Session(backend, Limits(), _SUBMISSION, LoadPlan())


def ready_seconds(backend: LocalBackend, runs: int = 40) -> list[float]:
    """From asking for a sandbox to the first answer of its harness."""
    seconds = []
    for _ in range(runs):
        one = Session(backend, Limits(), Submission("", "0" * 64, {}, None), LoadPlan())
        started = time.perf_counter()
        one.ready()
        seconds.append(time.perf_counter() - started)
        one.stop()
    return seconds


def call_seconds(
    backend: LocalBackend, argument: torch.Tensor, runs: int, function: str = "same"
) -> list[float]:
    """Round trips of one call."""
    one = session(backend)
    call = getattr(RemoteSubmission(one, "solution").solution, function)
    for _ in range(max(runs // 10, 3)):
        call(argument)
    seconds = [timed(lambda: call(argument)) for _ in range(runs)]
    one.stop()
    return seconds


def socket_copy_seconds(runs: int = 30) -> float:
    """Median time of 10 MiB through a socket pair into fresh memory, and one byte back: what any
    transport must pay.
    """
    ours, theirs = socket.socketpair()

    def echo() -> None:
        for _ in range(runs):
            _receive(theirs, bytearray(_LARGE))
            theirs.sendall(b".")

    thread = threading.Thread(target=echo)
    thread.start()
    payload = bytes(_LARGE)

    def trip() -> None:
        ours.sendall(payload)
        ours.recv(1)

    seconds = [timed(trip) for _ in range(runs)]
    thread.join()
    ours.close()
    theirs.close()
    return statistics.median(seconds)


def large_tensor() -> torch.Tensor:
    return torch.zeros(_LARGE // 4)


def memory_per_sandbox(backend: LocalBackend, count: int = 6) -> float:
    """Mean bytes charged to a sandbox with a loaded submission after a call: all that it does not share."""
    sessions = [session(backend) for _ in range(count)]
    for one in sessions:
        RemoteSubmission(one, "solution").solution.same(torch.randn(64, 64))
    results = [one.stop(wait=True) for one in sessions]
    return statistics.mean(result.usage.peak_memory_bytes for result in results if result)


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _receive(channel: socket.socket, target: bytearray) -> None:
    view = memoryview(target)
    while view:
        view = view[channel.recv_into(view) :]
