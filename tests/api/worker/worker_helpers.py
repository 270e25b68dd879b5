"""A real worker process, and what it works on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from api.db.base import new_id
from api.db.courses import Assignment
from api.db.models import Worker
from api.db.queue import Job
from api.db.submissions import Grading, Submission
from api.queue.doorbell import Doorbell
from api.queue.enqueue import enqueue
from api.settings import Settings
from grader.assignment import REPOSITORY

QUICK_SETTINGS = {  # a crash is noticed within seconds
    "concurrency": 2,
    "lease_seconds": 4.0,
    "heartbeat_seconds": 0.5,
    "sweep_seconds": 0.5,
    "retry_seconds": 0.2,
    "stop_seconds": 5.0,
}


class WorkerProcess:
    """`python -m api.worker` with these settings."""

    def __init__(self, settings: Settings, log: Path, **changes: Any) -> None:
        values = settings.model_dump(mode="json") | QUICK_SETTINGS | changes
        self.settings = Settings(_env_file=None, **values)
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        fields = ("home", "root", *QUICK_SETTINGS, *changes)
        own = {f"TENSORGRADE_{name.upper()}": str(values[name]) for name in fields}
        own |= {"DATABASE_URL": settings.database, "TENSORGRADE_LOG_FORMAT": "text"}
        own |= {"BROKER_URL": str(values["broker_url"])}
        self.log = log
        self._output = log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api.worker"],
            cwd=REPOSITORY,
            env=kept | own,
            stdout=self._output,
            stderr=self._output,
        )

    def kill(self) -> None:
        """As when the machine loses power: nothing is tidied up."""
        self.process.kill()
        self.process.wait()
        self._output.close()

    def stop(self, seconds: float = 30.0) -> int:
        """As an operator does; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        finally:
            self._output.close()

    def words(self) -> str:
        """What it has logged."""
        return self.log.read_text()


def wait_until(
    condition: Callable[[], object], seconds: float = 60.0, worker: WorkerProcess | None = None
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        said = "" if worker is None else worker.words()
        assert time.monotonic() < deadline, f"not within {seconds} s\n{said}"
        assert worker is None or worker.process.poll() is None, said
        time.sleep(0.02)


def is_ready(world: Any) -> Callable[[], bool]:
    def ready() -> bool:
        with world.database.read() as session:
            return bool(session.scalar(select(func.count()).select_from(Worker)))

    return ready


def hand_in(
    world: Any, user: str, content: bytes, *, assignment: str = "vu_dl_a3", slow: bool = False, ring=True
):
    """As the service does; the submission's id."""
    digest = world.blob(content)
    with world.database.write() as session:
        version = session.get_one(Assignment, world.ids[assignment]).spec_version
        version.has_slow = slow
        submission = Submission(
            id=new_id(),
            assignment_id=world.ids[assignment],
            user_id=world.ids[user],
            blob_digest=digest,
            file_name="../weird näme;.py",
            size=len(content),
        )
        session.add(submission)
        session.flush()
        queues = enqueue(
            session, Grading(submission_id=submission.id, seed=7), submission, version, world.settings
        )
    if ring:
        doorbell = Doorbell(world.settings)
        for queue in queues:
            doorbell.ring(queue)
        doorbell.close()
    return submission.id


def found(world: Any, submission_id: uuid.UUID) -> Submission:
    with world.database.read() as session:
        return session.get_one(Submission, submission_id)


def jobs(world: Any, submission_id: uuid.UUID) -> list[Job]:
    with world.database.read() as session:
        query = select(Job).where(Job.submission_id == submission_id).order_by(Job.stage)
        return list(session.scalars(query))
