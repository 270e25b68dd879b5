"""A forked examiner: grades a few submissions, one after the other, and ends.

It has no way out but the two descriptors of its job: no credentials, no database, no network. A fork costs
thousands of copied pages, so a child is used again; but not for long, and never after a submission that made
trouble, so that whatever a hostile one might do to this process does not live on in it.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from grader.errors import InfrastructureError, SpecError
from grader.examiner.confine import confine
from grader.examiner.exam import Exam
from grader.examiner.jobs import Event, Job
from grader.pipeline import grade
from grader.sandbox.local.backend import LocalClient
from grader.scoring.model import Score, TestStatus

FREE = b"free"  # said to the server: the next job may come
MOST_PACKET = 1 << 16
_MOST_JOBS = 16
_TROUBLE = {TestStatus.KILLED, TestStatus.MEMORY, TestStatus.TIMEOUT}


def run_child(exam: Exam, server: socket.socket) -> NoReturn:
    """The whole life of the process: serve jobs until the server hangs up, or enough is enough."""
    gc.disable()
    code = 1
    try:
        confine()
        served = 0
        while _serve(exam, server) and (served := served + 1) < _MOST_JOBS:
            gc.collect()
            server.send(FREE)
        code = 0
    finally:
        os._exit(code)


def _serve(exam: Exam, server: socket.socket) -> bool:
    """One job; whether another one may follow."""
    packet, descriptors, _flags, _address = socket.recv_fds(server, MOST_PACKET, 2)
    if not packet:
        return False
    job = Job.model_validate_json(packet)
    signal.alarm(job.seconds)
    sandboxes, events = descriptors
    backend = LocalClient(socket.socket(fileno=sandboxes))
    with os.fdopen(events, "w", encoding="utf-8") as pipe:
        score = _grade(job, exam, backend, lambda event: _write(pipe.write, pipe.flush, event))
    backend.close()
    signal.alarm(0)
    return score is not None and all(test.status not in _TROUBLE for test in score.tests)


def _grade(job: Job, exam: Exam, backend: LocalClient, tell: Callable[[Event], None]) -> Score | None:
    """Grade and tell; the score, if there is one."""
    try:
        if job.stage != "slow":
            backend.order(exam.assignment.config.limits.limits())  # it gets ready while the upload is read
        score = grade(
            Path(job.path),
            exam,
            backend,
            seed=job.seed,
            stage=job.stage,
            missed=job.missed,
            on_start=lambda total: tell(Event(total=total)),
            on_test=lambda result: tell(Event(test=result)),
        )
    except SpecError as error:
        tell(Event(spec_error=str(error)))
    except InfrastructureError as error:
        tell(Event(infrastructure=str(error)))
    except Exception as error:  # a fault of ours: reported, never a score
        tell(Event(infrastructure=f"{type(error).__name__}: {error}"))
    else:
        tell(Event(score=score))
        return score
    return None


def _write(write: Callable[[str], object], flush: Callable[[], object], event: Event) -> None:
    write(event.model_dump_json(by_alias=True) + "\n")
    flush()
