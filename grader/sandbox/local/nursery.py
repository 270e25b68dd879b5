"""Starts sandboxes, watches their limits and takes them apart. The loop tells it when to look."""

from __future__ import annotations

import contextlib
import gc
import json
import math
import os
import signal
import time
from dataclasses import dataclass, field

from grader.errors import InfrastructureError
from grader.sandbox.base import OUTPUT_EXIT_CODE, Limits, Result, Status, Usage
from grader.sandbox.gpu.desk import Granted
from grader.sandbox.limits import check
from grader.sandbox.local import identity
from grader.sandbox.local import syscalls as sys_
from grader.sandbox.local.groups import Group, Groups, Reading
from grader.sandbox.local.spawn import HUNG_UP_EXIT_CODE, READY, Birth, Entry, run_child

_START_SECONDS = 30.0  # to get ready: our own work, on a machine that may be very busy
_SHORTEST_CPU_CHECK = 0.01
_CPUS = len(os.sched_getaffinity(0))


@dataclass
class Live:
    """One sandbox from its fork until its result is taken."""

    number: int
    slot: int
    pid: int
    pidfd: int
    status: int  # our end of the pipe that says it is ready; -1 once read
    group: Group
    limits: Limits
    started: float  # its wall time begins once it is ready, and so does its CPU time
    gpu: Granted | None = None
    next_cpu_check: float = math.inf
    cpu_before: float = 0.0  # used to get ready
    ended_as: Status | None = None  # why we killed it, if we did
    result: Result | InfrastructureError | None = None

    @property
    def wall_deadline(self) -> float:
        """When its wall time is over, or the time it may take to get ready; on the monotonic clock."""
        return self.started + (_START_SECONDS if self.status >= 0 else self.limits.wall_seconds)

    def usage(self, reading: Reading, wall: float) -> Usage:
        """What it used until now."""
        usage = Usage(reading.cpu_seconds, wall, reading.peak_memory_bytes)
        return usage if self.gpu is None else self.gpu.noted(usage)


@dataclass
class Nursery:
    """Forks sandboxes and knows those that live."""

    groups: Groups
    group_prefix: str
    ranged: bool
    entry: Entry
    own_namespace: int
    live: dict[int, Live] = field(default_factory=dict)
    _count: int = 0
    _null: int = field(default_factory=lambda: os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC))

    def start(self, limits: Limits, channel: int, gpu: Granted | None = None) -> Live:
        """Fork one sandbox. It becomes ready, or reports why not, on its status pipe."""
        check(limits)
        self._count += 1
        slot = self._free_slot()
        group = self.groups.create(f"{self.group_prefix}{self._count}", limits)
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        outside = identity.outside_id(slot, self.ranged)
        birth = Birth(limits, group, outside, self.ranged, channel, writing, self._null, self.entry, gpu)
        try:
            pid = self._fork(birth)
        except OSError as error:
            group.remove()
            os.close(reading)
            raise InfrastructureError(f"A sandbox could not be forked: {error}.") from error
        finally:
            os.close(writing)
        pidfd = os.pidfd_open(pid)
        live = Live(self._count, slot, pid, pidfd, reading, group, limits, time.monotonic(), gpu)
        self.live[live.number] = live
        return live

    def _fork(self, birth: Birth) -> int:
        """Fork into a new pid namespace: the child is its process 1."""
        sys_.unshare(sys_.CLONE_NEWPID)
        try:
            pid = os.fork()
            if pid == 0:
                gc.enable()
                run_child(birth)
        finally:
            sys_.setns(self.own_namespace, sys_.CLONE_NEWPID)
        return pid

    def _free_slot(self) -> int:
        taken = {live.slot for live in self.live.values()}
        return next(slot for slot in range(identity.SLOTS) if slot not in taken)

    def read_status(self, live: Live) -> InfrastructureError | None:
        """Read the status pipe, which has something or is closed. None: the sandbox is ready."""
        data = os.read(live.status, 1 << 16)
        os.close(live.status)
        live.status = -1
        if data == READY:
            live.started = time.monotonic()
            live.cpu_before = live.group.cpu_seconds()
            self._plan_cpu_check(live, 0.0, live.started)
            return None
        self.kill(live, Status.STOPPED)
        report = json.loads(data)["error"] if data else "it ended before it was ready"
        return InfrastructureError(
            f"A sandbox could not be set up: {report}. `tensorgrade doctor` checks the machine."
        )

    def kill(self, live: Live, reason: Status) -> None:
        """Kill it, if it lives; the first reason counts."""
        if live.ended_as is None and live.result is None:
            live.ended_as = reason
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(live.pidfd, signal.SIGKILL)

    def dismiss(self, live: Live) -> Result:
        """Kill it, and say at once what it used until now."""
        reading = live.group.reading()
        self.kill(live, Status.STOPPED)
        status = Status.MEMORY if reading.oom_kills else live.ended_as or Status.STOPPED
        return Result(status, live.usage(reading, time.monotonic() - live.started))

    def enforce(self, now: float) -> None:
        """Kill those whose wall or CPU time is over."""
        for live in list(self.live.values()):
            if live.ended_as is not None:
                continue
            if now >= live.wall_deadline:
                self.kill(live, Status.WALL)
            elif now >= live.next_cpu_check:
                self._check_cpu(live, now)

    def _check_cpu(self, live: Live, now: float) -> None:
        used = live.group.cpu_seconds() - live.cpu_before
        if used >= live.limits.cpu_seconds:
            self.kill(live, Status.CPU)
        else:
            self._plan_cpu_check(live, used, now)

    def _plan_cpu_check(self, live: Live, used: float, now: float) -> None:
        """Look again when the rest could be used up at the earliest."""
        rest = (live.limits.cpu_seconds - used) / min(_CPUS, live.limits.processes)
        live.next_cpu_check = now + max(rest, _SHORTEST_CPU_CHECK)

    def next_deadline(self) -> float | None:
        """When `enforce` has something to do at the earliest."""
        times = [
            min(live.wall_deadline, live.next_cpu_check)
            for live in self.live.values()
            if live.ended_as is None
        ]
        return min(times, default=None)

    def reap(self, live: Live) -> None:
        """Collect a process that has ended, with everything that it left; sets `live.result`."""
        _, wait_status = os.waitpid(live.pid, 0)
        wall = time.monotonic() - live.started
        os.close(live.pidfd)
        if live.status >= 0:
            os.close(live.status)
        reading = live.group.reading()
        live.result = _result(live, wait_status, wall, reading)
        del self.live[live.number]
        try:
            live.group.remove()
        except InfrastructureError as error:
            live.result = error


def _result(live: Live, wait_status: int, wall: float, reading: Reading) -> Result | InfrastructureError:
    usage = live.usage(reading, wall)
    code = os.waitstatus_to_exitcode(wait_status)
    if reading.oom_kills:
        return Result(Status.MEMORY, usage)
    if code == -signal.SIGKILL:
        return _killed(live, usage)
    if code < 0:
        return Result(Status.SIGNALED, usage, signal=-code)
    if code == HUNG_UP_EXIT_CODE:
        return Result(Status.STOPPED, usage)
    return Result(Status.OUTPUT if code == OUTPUT_EXIT_CODE else Status.EXITED, usage, exit_code=code)


def _killed(live: Live, usage: Usage) -> Result | InfrastructureError:
    """Nothing inside can send SIGKILL to process 1: it was we, the kernel's CPU limit, or a stranger."""
    over = usage.cpu_seconds - live.cpu_before >= live.limits.cpu_seconds
    if live.ended_as in {None, Status.STOPPED} and over:
        return Result(Status.CPU, usage)
    if live.ended_as is None:
        return InfrastructureError("A sandbox was killed from outside.")
    return Result(live.ended_as, usage)
