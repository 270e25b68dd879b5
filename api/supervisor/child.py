"""A process that is started again when it ends on its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from grader.sandbox.local.syscalls import PR_SET_PDEATHSIG, prctl

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
_STEADY_SECONDS = 60.0  # after so long a process counts as one that works, and waits start anew


class Child:
    """One part of the service: started in a group of its own, restarted with growing waits."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        descriptors: Sequence[int] = (),
    ) -> None:
        self.name = name
        self._command, self._environment, self._descriptors = command, environment, descriptors
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._wait = _FIRST_WAIT
        self.due_at = 0.0  # when it is to be started (again), on the monotonic clock

    @property
    def pid(self) -> int | None:
        """Its process, None while there is none."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it. Must be called in the main thread: the child gets SIGTERM when that thread ends."""
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            self._command,
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is ours to pass on
            pass_fds=self._descriptors,
            preexec_fn=_prepare,  # noqa: PLW1509 - this process has one thread
        )

    def ended(self, status: int) -> float:
        """It has ended with this wait status. Returns after how many seconds it is to be started again."""
        if self._process is not None:
            self._end_group()
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self._process = None
        if time.monotonic() - self._started_at > _STEADY_SECONDS:
            self._wait = _FIRST_WAIT
        wait, self._wait = self._wait, min(self._wait * 2, _LONGEST_WAIT)
        self.due_at = time.monotonic() + wait
        return wait

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process, if it runs. (It passes it on to its own, or ends them.)"""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def _end_group(self) -> None:
        """Nothing that it started in its group outlives it."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _prepare() -> None:
    """In the child, before it becomes the program: end with us, and take signals as usual."""
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
