"""One control group per sandbox: limits on memory and tasks, and counters of what it used.

All access goes through descriptors of our own folders, because the fork server leaves the host's file system.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from grader.errors import InfrastructureError, LimitUnavailable
from grader.sandbox.base import MIB, Limits

PREFIX = "tensorgrade-"
REMEDY = (
    "Run as root, or let an administrator delegate control groups to this user (version 2: `systemd-run"
    " --user --scope -p Delegate=yes COMMAND`; version 1: folders owned by the user below memory, pids and"
    " cpuacct, with the process moved into them). `tensorgrade doctor` shows what is missing."
)
_LARGEST_CHARGE = (
    4 * MIB
)  # what a group may lack to its limit and still be refused memory: a huge page or two
_REMOVE_SECONDS = 2.0


@dataclass(frozen=True)
class Reading:
    """What the kernel counted for one group."""

    cpu_seconds: float
    peak_memory_bytes: int
    oom_kills: int  # because of its own limit; not because the whole machine is out of memory


class Group(Protocol):
    """The control group of one sandbox."""

    def attach(self) -> None:
        """Move this single-threaded process into the group."""

    def cpu_seconds(self) -> float:
        """CPU time of all its processes so far, dead ones included."""

    def reading(self) -> Reading:
        """All counters; they outlive the processes."""

    def remove(self) -> None:
        """Remove the folders once the processes are gone. Raises InfrastructureError if they stay busy."""


class Groups(Protocol):
    """Makes groups below our own place in the hierarchy."""

    @property
    def parents(self) -> tuple[int, ...]:
        """Descriptors of the folders that the groups are made in."""

    def create(self, name: str, limits: Limits) -> Group:
        """A new group. Raises LimitUnavailable if a limit cannot be set."""


class _Folder:
    """One group in one hierarchy, reached through the descriptor of its parent."""

    def __init__(self, parent: int, name: str) -> None:
        self._parent = parent
        self._name = name

    def make(self) -> None:
        os.mkdir(self._name, dir_fd=self._parent)

    def read(self, file: str) -> str:
        descriptor = os.open(f"{self._name}/{file}", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._parent)
        try:
            return os.read(descriptor, 8192).decode()
        finally:
            os.close(descriptor)

    def write(self, file: str, value: int) -> None:
        descriptor = os.open(f"{self._name}/{file}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=self._parent)
        try:
            os.write(descriptor, str(value).encode())
        finally:
            os.close(descriptor)

    def write_if_there(self, file: str, value: int) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.write(file, value)

    def number(self, file: str) -> int:
        """The number in a file; 0 if this kernel does not have the file."""
        try:
            return int(self.read(file))
        except FileNotFoundError:
            return 0

    def field(self, file: str, key: str) -> int:
        """The number behind `key` in a file of `key number` lines; 0 if it is not there."""
        for line in self.read(file).splitlines():
            words = line.split()
            if words and words[0] == key:
                return int(words[1])
        return 0

    def remove(self) -> None:
        deadline = time.monotonic() + _REMOVE_SECONDS
        while True:
            try:
                return os.rmdir(self._name, dir_fd=self._parent)
            except FileNotFoundError:
                return None
            except OSError as error:  # EBUSY for a moment after the last process ended
                if time.monotonic() > deadline:
                    raise InfrastructureError(
                        f"The control group {self._name} stays busy: {error}."
                    ) from error
                time.sleep(0.0005)


class _GroupV1:
    def __init__(self, parents: tuple[int, int, int], name: str) -> None:
        self._memory, self._pids, self._cpu = (_Folder(parent, name) for parent in parents)
        self._folders = (self._memory, self._pids, self._cpu)

    def set_up(self, limits: Limits) -> None:
        for folder in self._folders:
            folder.make()
        self._memory.write("memory.limit_in_bytes", limits.memory_bytes)
        self._memory.write_if_there("memory.memsw.limit_in_bytes", limits.memory_bytes)
        self._memory.write_if_there("memory.swappiness", 0)
        self._pids.write("pids.max", limits.processes)

    def attach(self) -> None:
        for folder in self._folders:
            folder.write(
                "tasks", 0
            )  # unlike cgroup.procs this takes no global lock: 0.05 ms instead of up to 13

    def cpu_seconds(self) -> float:
        return self._cpu.number("cpuacct.usage") / 1e9

    def reading(self) -> Reading:
        peak = self._memory.number("memory.max_usage_in_bytes")
        full = peak >= self._memory.number("memory.limit_in_bytes") - _LARGEST_CHARGE  # failcnt may stay 0
        kills = self._memory.field("memory.oom_control", "oom_kill")
        return Reading(self.cpu_seconds(), peak, kills if full else 0)

    def remove(self) -> None:
        for folder in self._folders:
            folder.remove()


class _GroupV2:
    def __init__(self, parent: int, name: str) -> None:
        self._folder = _Folder(parent, name)

    def set_up(self, limits: Limits) -> None:
        self._folder.make()
        self._folder.write("memory.max", limits.memory_bytes)
        self._folder.write_if_there("memory.swap.max", 0)
        self._folder.write("memory.oom.group", 1)
        self._folder.write("pids.max", limits.processes)

    def attach(self) -> None:
        self._folder.write("cgroup.procs", 0)

    def cpu_seconds(self) -> float:
        return self._folder.field("cpu.stat", "usage_usec") / 1e6

    def reading(self) -> Reading:
        peak = self._folder.number("memory.peak") or self._folder.number("memory.current")  # Linux < 5.19
        full = self._folder.field("memory.events", "oom") > 0
        kills = self._folder.field("memory.events", "oom_kill")
        return Reading(self.cpu_seconds(), peak, kills if full else 0)

    def remove(self) -> None:
        self._folder.remove()


@dataclass(frozen=True)
class GroupsV1:
    """Control groups version 1: descriptors of our folders of memory, pids and cpuacct."""

    memory: int
    pids: int
    cpuacct: int

    @property
    def parents(self) -> tuple[int, ...]:
        """See `Groups`."""
        return self.memory, self.pids, self.cpuacct

    def create(self, name: str, limits: Limits) -> Group:
        """See `Groups`."""
        return _set_up(_GroupV1((self.memory, self.pids, self.cpuacct), name), limits)


@dataclass(frozen=True)
class GroupsV2:
    """Control groups version 2: the descriptor of a folder whose children have memory and pids."""

    parent: int

    @property
    def parents(self) -> tuple[int, ...]:
        """See `Groups`."""
        return (self.parent,)

    def create(self, name: str, limits: Limits) -> Group:
        """See `Groups`."""
        return _set_up(_GroupV2(self.parent, name), limits)


def _set_up(group: _GroupV1 | _GroupV2, limits: Limits) -> Group:
    try:
        group.set_up(limits)
    except OSError as error:
        with contextlib.suppress(OSError, InfrastructureError):
            group.remove()
        raise LimitUnavailable(
            f"The control group of a sandbox cannot be set up: {error}.", REMEDY
        ) from error
    return group


def remove_left(groups: Groups, prefix: str) -> None:
    """Remove the groups that begin with `prefix`, whose processes have ended."""
    for parent in groups.parents:
        for name in os.listdir(parent):  # noqa: PTH208  a descriptor
            if name.startswith(prefix):
                _Folder(parent, name).remove()


def remove_stale(parent: int, is_alive: Callable[[int, int], bool]) -> None:
    """Remove groups below `parent` that a dead fork server left behind.

    `is_alive(pid, start_time)` tells whether the owner that a group is named after still runs.
    """
    for name in os.listdir(parent):
        words = name.removeprefix(PREFIX).split("-")
        if not name.startswith(PREFIX) or len(words) != 3 or not all(word.isdigit() for word in words):
            continue
        if not is_alive(int(words[0]), int(words[1])):
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=parent)
