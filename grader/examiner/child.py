"""A forked examiner: grades one submission and ends.

It has no way out but the two descriptors of its job: no credentials, no database, no network, and nothing of
another grading. One process for several gradings would be faster by a tenth, and would carry over what specs
keep in their modules, and whatever a hostile submission might do to this process.
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
from grader.sandbox.served.client import ServedClient


def run_child(exam: Exam, job: Job, sandboxes: int, events: int) -> NoReturn:
    """The whole life of the process.

    sandboxes: descriptor of a connection to their fork server.
    events: descriptor of a pipe.
    """
    gc.disable()
    signal.alarm(job.seconds)
    code = 1
    try:
        backend = ServedClient(socket.socket(fileno=sandboxes), job.backend)
        if job.stage != "slow":
            backend.order(exam.assignment.config.limits.limits())  # it gets ready while the upload is read
        confine()
        with os.fdopen(events, "w", encoding="utf-8") as pipe:
            _grade(job, exam, backend, lambda event: _write(pipe.write, pipe.flush, event))
        code = 0
    finally:
        os._exit(code)


def _grade(job: Job, exam: Exam, backend: ServedClient, tell: Callable[[Event], None]) -> None:
    """Grade, and tell the score or why there is none."""
    try:
        score = grade(
            Path(job.path),
            exam,
            backend,
            seed=job.seed,
            stage=job.stage,
            missed=job.missed,
            gpus=job.gpus,
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
        tell(Event(score=score.model_copy(update={"tests": ()})))  # they were told one by one


def _write(write: Callable[[str], object], flush: Callable[[], object], event: Event) -> None:
    write(event.model_dump_json(by_alias=True) + "\n")
    flush()
