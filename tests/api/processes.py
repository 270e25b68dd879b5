"""The service as separate processes on this machine, to be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx
from servers import free_port, wait_for
from sqlalchemy import func, select

from api.db.engine import Database
from api.db.models import Job, Submission
from api.db.queue import JobState
from api.db.submissions import State
from grader.assignment import REPOSITORY

_SETTINGS = {
    "TENSORGRADE_RATE_LIMITS": "false",
    "TENSORGRADE_CONCURRENCY": "1",
    "TENSORGRADE_LEASE_SECONDS": "4",
    "TENSORGRADE_HEARTBEAT_SECONDS": "1",
    "TENSORGRADE_SWEEP_SECONDS": "0.5",
    "TENSORGRADE_RETRY_SECONDS": "0.2",
    "TENSORGRADE_ATTEMPTS": "20",  # every kill costs the job in hand one
}


@dataclass
class Service:
    """One API process and some workers."""

    home: Path
    database: Database
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    api: subprocess.Popen[bytes] | None = None
    started: list[int] = field(default_factory=list)  # every process that there ever was

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}"

    def start_api(self) -> None:
        """Returns when it answers."""
        self.api = self._start("api", "-m", "api.cli", "api")
        wait_for(self._answers, 60, "the API answers")

    def start_worker(self) -> None:
        """Returns at once: it takes seconds until it is warm."""
        self.workers.append(self._start(f"worker-{len(self.started)}", "-m", "api.worker"))

    def kill_api(self) -> None:
        """SIGKILL."""
        if self.api is not None:
            self.api.kill()
            self.api.wait()
            self.api = None

    def kill_worker(self, worker: subprocess.Popen[bytes]) -> None:
        """SIGKILL, to the worker alone: what it started has to notice."""
        worker.kill()
        worker.wait()
        self.workers.remove(worker)

    def stop_worker(self, worker: subprocess.Popen[bytes]) -> int:
        """SIGTERM; returns its exit status."""
        worker.terminate()
        status = worker.wait(60)
        self.workers.remove(worker)
        return status

    @contextmanager
    def frozen_workers(self) -> Iterator[None]:
        """No worker does anything meanwhile."""
        for worker in self.workers:
            worker.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for worker in self.workers:
                worker.send_signal(signal.SIGCONT)

    def grading_worker(self) -> subprocess.Popen[bytes]:
        """A worker that is grading now; waits for one."""
        found: list[subprocess.Popen[bytes]] = []

        def is_there() -> bool:
            found.extend(worker for worker in self.workers if self._is_grading(worker))
            return bool(found)

        wait_for(is_there, 90, "a worker grades something")
        return found[0]

    def count(self, *states: State) -> int:
        """How many submissions are in these states."""
        with self.database.read() as session:
            query = select(func.count()).select_from(Submission).where(Submission.state.in_(states))
            return session.scalars(query).one()

    def end(self) -> None:
        """Stop everything, the workers as an operator would."""
        self.kill_api()
        for worker in list(self.workers):
            self.stop_worker(worker)

    def kill_all(self) -> None:
        """SIGKILL to whatever still runs."""
        self.kill_api()
        for worker in list(self.workers):
            self.kill_worker(worker)

    def left_over(self) -> list[str]:
        """Processes of ours that still run though those that started them are gone."""
        return [line for line in _processes() if int(line.split()[0]) in self.started]

    def _is_grading(self, worker: subprocess.Popen[bytes]) -> bool:
        with self.database.read() as session:
            names = session.scalars(select(Job.worker).where(Job.state == JobState.LEASED)).all()
        return any(str(worker.pid) in (name or "") for name in names)

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        own = {
            "TENSORGRADE_HOME": str(self.home),
            "TENSORGRADE_PORT": str(self.port),
            "PYTHONWARNINGS": "default",
        }
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", sys.executable, *arguments],
                env=kept | _SETTINGS | own | self.settings,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process.pid)
        return process

    def _answers(self) -> bool:
        if self.api is not None and self.api.poll() is not None:
            raise RuntimeError(f"The API ended: {(self.home / 'api.log').read_text()[-3000:]}")
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


def _processes() -> Iterator[str]:
    """ "session pid name" of every process that is not a zombie."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            before, after = path.read_text().rsplit(")", 1)
        except OSError:
            continue  # it has just ended
        state, _parent, _group, session, *_rest = after.split()
        if state != "Z":
            yield f"{session} {before})"
