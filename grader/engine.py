"""Starts the two warm processes and sends gradings through them.

    engine ---- sandboxes' server        (torch, no specs)      grader/sandbox/local or docker
       `------- examiner per assignment  (torch, pytest, specs) grader/examiner

Both live as long as the engine. A grading is one packet to the examiner, which forks for it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from grader.assignment import REPOSITORY, load
from grader.errors import InfrastructureError, SpecError
from grader.examiner.jobs import Event, Job, Ready
from grader.pdf import Picture, pictures
from grader.sandbox.base import ServedBackend
from grader.sandbox.local.backend import LocalBackend
from grader.sandbox.niceness import give_way
from grader.sandbox.served.client import ServedClient
from grader.scoring.model import Score, TestResult

Stage = Literal["quick", "slow", "all"]
_KEPT_VARIABLES = ("HOME", "PATH", "XDG_CACHE_HOME", "TENSORGRADE_DATA", "TMPDIR")
_OWN_VARIABLES = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # huge pages for the heap: far fewer page faults
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
_LONGEST_LINE = 64 << 20
_MOST_PACKET = 1 << 20


class Engine:
    """Grades submissions. Safe to use from several threads; a context manager.

    root: the folder with test_specs/ and reference/.
    backend: sandboxes to use, which must not see `root`; by default the engine starts its own.
    niceness: how much all processes of the engine give way to others, from 0 to 19.
    open_backend: starts the engine's own sandboxes; by default a `LocalBackend`.
    """

    def __init__(
        self,
        root: Path = REPOSITORY,
        backend: ServedBackend | None = None,
        *,
        niceness: int = 0,
        open_backend: Callable[[], ServedBackend] | None = None,
    ) -> None:
        self._root = root
        self._niceness = niceness
        self._own_backend = backend is None
        # Both kinds of process import torch for seconds, so they start side by side.
        self._starter = ThreadPoolExecutor(1)
        opened = open_backend or (lambda: LocalBackend(masked=(root,), niceness=niceness))
        self._backend: Future[ServedBackend] = self._starter.submit(lambda: backend or opened())
        self._examiners: dict[str, _Examiner] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def prepare(self, name: str) -> Ready:
        """Collect an assignment's specs, if that was not done yet, and say what they are.

        Raises:
            UsageError: there is no such assignment.
            SpecError: its specs cannot be collected.
        """
        with self._lock:
            examiner = self._examiners.get(name)
            if examiner is None or examiner.has_ended:
                load(name, self._root)
                examiner = self._examiners[name] = _Examiner(name, self._root, self._niceness)
        return examiner.ready(self._backend.result())

    def grade(
        self,
        name: str,
        path: Path,
        *,
        seed: int,
        stage: Stage = "all",
        missed: Collection[str] = (),
        gpus: bool = True,
        seconds: float = 3600.0,
        on_start: Callable[[int], None] = lambda _total: None,
        on_test: Callable[[TestResult], None] = lambda _result: None,
    ) -> Score:
        """Grade one submission; see `grader.pipeline.grade`. It is stuck, and ended, after `seconds`.

        Raises:
            InfrastructureError, SpecError: there is no score.
        """
        self.prepare(name)
        backend = self._backend.result()
        job = Job(
            path=str(path.resolve()),
            seed=seed,
            stage=stage,
            backend=backend.name,
            missed=tuple(sorted(missed)),
            gpus=gpus,
            seconds=ceil(seconds),
        )
        with self._lock:
            examiner = self._examiners.get(name)
        if examiner is None:
            raise InfrastructureError(f"The examiner of {name} was replaced in this moment.")
        return examiner.grade(job, backend.connection(), on_start, on_test)

    def pictures(self, name: str, data: bytes, max_pages: int) -> tuple[Picture, ...]:
        """The pages of a PDF, drawn in a sandbox of their own; see `grader.pdf.pictures`.

        Raises:
            SubmissionError: it cannot be read; the sentence says what to do.
            InfrastructureError: our fault.
        """
        backend = self._backend.result()
        with backend.connection() as connection:
            return pictures(name, data, ServedClient(connection, backend.name), max_pages)

    def forget(self, name: str) -> None:
        """The assignment's specs have changed: read them anew for the next grading. Those under way go on."""
        with self._lock:
            examiner = self._examiners.pop(name, None)
        if examiner is not None:
            examiner.close()

    @property
    def is_alive(self) -> bool:
        """Whether sandboxes can be started: without the fork server, this engine is of no use any more."""
        try:
            self._backend.result().connection().close()
        except InfrastructureError:
            return False
        return True

    def close(self) -> None:
        """End both kinds of process, and every sandbox."""
        for examiner in self._examiners.values():
            examiner.close()
        self._examiners.clear()
        with suppress(InfrastructureError):  # it never started: whoever graded was told
            if self._own_backend:
                self._backend.result().close()
        self._starter.shutdown()


class _Examiner:
    """One examiner process."""

    def __init__(self, name: str, root: Path, niceness: int) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "grader.examiner.server", name, str(root), str(theirs.fileno())]
        kept = {key: os.environ[key] for key in _KEPT_VARIABLES if key in os.environ}
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            pass_fds=[theirs.fileno()],
            env={**kept, **_OWN_VARIABLES},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        give_way(self._process, niceness)
        theirs.close()
        self._ready: Ready | None = None
        self._lock = threading.Lock()

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone: its specs had a mistake, or it died."""
        return self._process.poll() is not None

    def ready(self, backend: ServedBackend) -> Ready:
        """Wait until the specs are collected and rehearsed."""
        with self._lock:
            if self._ready is None:
                with backend.connection() as sandboxes, suppress(InfrastructureError):  # it may have said why
                    self._send(b"rehearse", [sandboxes.fileno()])
                self._ready = self._greeting()
        return self._ready

    def grade(
        self,
        job: Job,
        sandboxes: socket.socket,
        on_start: Callable[[int], None],
        on_test: Callable[[TestResult], None],
    ) -> Score:
        reading, writing = os.pipe()
        try:
            with sandboxes, self._lock:
                self._send(job.model_dump_json().encode(), [sandboxes.fileno(), writing])
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return _follow(reading, on_start, on_test)

    def close(self) -> None:
        self._socket.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, packet: bytes, descriptors: list[int]) -> None:
        try:
            socket.send_fds(self._socket, [packet], descriptors)
        except OSError as error:
            raise InfrastructureError("The examiner has ended.") from error

    def _greeting(self) -> Ready:
        packet = self._socket.recv(_MOST_PACKET)
        if not packet:
            raise InfrastructureError(f"The examiner could not start (exit code {self._process.wait()}).")
        try:
            return Ready.model_validate_json(packet)
        except ValidationError:
            event = _parsed(packet)
        if event.spec_error is not None:
            raise SpecError(event.spec_error)
        raise InfrastructureError(str(event.infrastructure))


def _follow(reading: int, on_start: Callable[[int], None], on_test: Callable[[TestResult], None]) -> Score:
    """Read a grading's events up to its score."""
    tests = []
    with open(reading, "rb") as lines:
        while line := lines.readline(_LONGEST_LINE):
            event = _parsed(line)
            if event.total is not None:
                on_start(event.total)
            if event.test is not None:
                tests.append(event.test)
                on_test(event.test)
            if event.score is not None:
                return event.score.model_copy(update={"tests": tuple(tests)})
            if event.spec_error is not None:
                raise SpecError(event.spec_error)
            if event.infrastructure is not None:
                raise InfrastructureError(event.infrastructure)
    raise InfrastructureError("The examiner ended without a score.")


def _parsed(line: bytes) -> Event:
    try:
        return Event.model_validate_json(line)
    except ValidationError as error:
        raise InfrastructureError(f"The examiner sent a line that is no event: {error}") from error
