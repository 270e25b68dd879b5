"""Keeps children running until somebody says stop; then sees that nothing is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from api.supervisor.child import Child
from grader.sandbox.local.syscalls import prctl

_PR_SET_CHILD_SUBREAPER = 36
_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD})
_STOPS = _SIGNALS - {signal.SIGCHLD}
_ORPHAN_SECONDS = 3.0  # for those that clean up behind a sandbox

Say = Callable[[str], None]


class Watch:
    """Runs the children. Signals are waited for, not handled: nothing happens between two lines of ours."""

    def __init__(self, children: Sequence[Child], say: Say, *, stop_seconds: float) -> None:
        self._children, self._say, self._stop_seconds = children, say, stop_seconds
        self._was_told = False  # to stop

    def begin(self) -> None:
        """From here on signals wait for `pause`. What children leave behind becomes ours."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        prctl(_PR_SET_CHILD_SUBREAPER, 1)
        for child in self._children:
            child.start()

    def pause(self, seconds: float) -> bool:
        """Look after the children for a while. False as soon as somebody said stop."""
        deadline = time.monotonic() + seconds
        while not self._was_told and (left := deadline - time.monotonic()) > 0:
            self._restart_due()
            received = signal.sigtimedwait(_SIGNALS, max(0.0, min(left, self._until_due())))
            self._was_told = received is not None and received.si_signo in _STOPS
            self._reap(is_stopping=self._was_told)
        return not self._was_told

    def stop(self) -> None:
        """Ask the children to end, wait, then end whatever is left. A second Ctrl-C ends it at once."""
        for child in self._children:
            child.send(signal.SIGTERM)
        deadline = time.monotonic() + self._stop_seconds
        while any(child.pid for child in self._children) and (left := deadline - time.monotonic()) > 0:
            received = signal.sigtimedwait(_SIGNALS, left)
            self._reap(is_stopping=True)
            if received is not None and received.si_signo in _STOPS:
                self._say("Told again: stopping at once.")
                break
        self._kill_all()

    def _restart_due(self) -> None:
        for child in self._children:
            if child.pid is None and time.monotonic() >= child.due_at:
                child.start()
                self._say(f"The {child.name} is started again.")

    def _until_due(self) -> float:
        waits = [child.due_at - time.monotonic() for child in self._children if child.pid is None]
        return min(waits, default=3600.0)

    def _reap(self, *, is_stopping: bool) -> None:
        """Take note of everything that has ended, orphans included."""
        for pid, status in _ended():
            child = next((one for one in self._children if one.pid == pid), None)
            if child is None:
                continue
            wait = child.ended(status)
            if is_stopping:
                self._say(f"The {child.name} has stopped.")
            else:
                self._say(f"The {child.name} has ended ({_how(status)}); it starts again in {wait:g} s.")

    def _kill_all(self) -> None:
        """End what did not stop, and after a moment for itself also what the children left to us."""
        for child in self._children:
            if child.pid:
                self._say(f"The {child.name} did not stop; it is killed.")
                child.send(signal.SIGKILL)
        began = time.monotonic()
        while left := _own_children():
            if time.monotonic() - began > _ORPHAN_SECONDS:
                for pid in left:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
            self._reap(is_stopping=True)


def _ended() -> list[tuple[int, int]]:
    found = []
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            found.append((pid, status))
    return found


def _own_children() -> list[int]:
    tasks = Path("/proc/self/task")
    return [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit status {code}" if code >= 0 else signal.Signals(-code).name
