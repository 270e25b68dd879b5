"""The examiner: torch, pytest and the collected specs in one warm process, forked once per grading.

    python -m grader.examiner.server ASSIGNMENT ROOT FD

FD is a socket from the engine. Every packet on it is a `Job` with two descriptors: a connection to the
fork server of the sandboxes, and a pipe for the events. `grader.examiner.child` is forked for it.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch

from grader import assignment
from grader.errors import InfrastructureError, SpecError
from grader.examiner.child import run_child
from grader.examiner.exam import Exam
from grader.examiner.jobs import Event, Job, Ready
from grader.harness.torchvision_compat import declare_missing_operators
from grader.pipeline import grade
from grader.sandbox.local.hugepages import collapse_heap
from grader.sandbox.served.client import ServedClient

_MOST_PACKET = 1 << 16


def main(name: str, root: str, descriptor: int) -> None:
    """Prepare one assignment's specs and serve the engine until it hangs up."""
    engine = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the engine's business
    torch.set_num_threads(1)
    declare_missing_operators()
    try:
        try:
            exam = Exam.prepare(assignment.load(name, Path(root)))
        finally:
            sandboxes = _first_connection(engine)  # a socket closed with unread data would lose our words
        _rehearse(exam, sandboxes)
    except SpecError as error:
        _tell(engine, Event(spec_error=str(error)))
    except InfrastructureError as error:
        _tell(engine, Event(infrastructure=str(error)))
    else:
        _tell(engine, Ready(tests=tuple(exam.max_points), max_score=exam.max_score("all")))
        gc.collect()
        gc.freeze()
        collapse_heap()
        _Server(engine, exam).serve()


def _tell(engine: socket.socket, message: Event | Ready) -> None:
    with suppress(BrokenPipeError):  # it left meanwhile
        engine.send(message.model_dump_json().encode())


def _first_connection(engine: socket.socket) -> ServedClient:
    """A connection to the fork server of the sandboxes, for the rehearsal."""
    _, descriptors, _flags, _address = socket.recv_fds(engine, _MOST_PACKET, 1)
    if not descriptors:
        raise InfrastructureError("The engine hung up.")
    return ServedClient(socket.socket(fileno=descriptors[0]))


def _rehearse(exam: Exam, backend: ServedClient) -> None:
    """Grade the reference once, in this process, so that every fork finds modules imported and kernels built.

    It computes with one thread only: a fork after a parallel computation would hang.

    Raises:
        SpecError: the reference does not pass the quick tests, so nobody can be graded with them.
    """
    score = grade(exam.assignment.reference, exam, backend, seed=0, stage="quick")
    backend.close()
    failed = [
        f"{test.id}: {test.status}. {' '.join(test.hints)} {test.output}"
        for test in score.tests
        if test.status not in ("passed", "waiting")
    ]
    if failed or score.score != score.max_score:
        reasons = "\n  ".join([*failed, *(rule.message for rule in score.rules), *score.notes])
        raise SpecError(f"The reference solution of {exam.assignment.name} does not pass:\n  {reasons}")


class _Server:
    """Forks a child for each job."""

    def __init__(self, engine: socket.socket, exam: Exam) -> None:
        self._engine = engine
        self._exam = exam
        self._selector = selectors.DefaultSelector()
        self._selector.register(engine, selectors.EVENT_READ, self._take_job)
        self._running = True

    def serve(self) -> None:
        """Until the engine hangs up."""
        while self._running:
            for key, _ in self._selector.select():
                action: Callable[[], None] = key.data
                action()

    def _take_job(self) -> None:
        packet, descriptors, _flags, _address = socket.recv_fds(self._engine, _MOST_PACKET, 2)
        if not packet:
            self._running = False
            return
        job = Job.model_validate_json(packet)
        child = os.fork()
        if child == 0:
            self._engine.close()
            self._selector.close()
            run_child(self._exam, job, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        pidfd = os.pidfd_open(child)
        self._selector.register(pidfd, selectors.EVENT_READ, lambda: self._reap(child, pidfd))

    def _reap(self, child: int, pidfd: int) -> None:
        os.waitpid(child, 0)
        self._selector.unregister(pidfd)
        os.close(pidfd)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
