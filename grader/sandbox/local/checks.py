"""Tries, one by one and each in a process of its own, what the local backend asks of the kernel.

Every function returns what it saw, or raises with what went wrong; `grader.sandbox.doctor` makes the report.
"""

from __future__ import annotations

import errno
import mmap
import os
import platform
import resource
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from grader.errors import TensorgradeError
from grader.sandbox.base import MIB, Limits
from grader.sandbox.local import cgroups, filesystem, hugepages, identity, seccomp
from grader.sandbox.local import syscalls as sys_
from grader.sandbox.local.groups import Reading

_NAMESPACES = {
    "mount": sys_.CLONE_NEWNS,
    "pid": sys_.CLONE_NEWPID,
    "net": sys_.CLONE_NEWNET,
    "ipc": sys_.CLONE_NEWIPC,
    "uts": sys_.CLONE_NEWUTS,
    "cgroup": sys_.CLONE_NEWCGROUP,
}
_SMALL = Limits(memory_bytes=32 * MIB, processes=4, tmp_bytes=1 * MIB, tmp_files=16)
_LONGEST_SECONDS = 30
_BURN_SECONDS = 0.2


class CheckFailed(Exception):
    """What this machine does not do."""


def in_child(action: Callable[[], str]) -> str:
    """Run `action` in a forked process and return its text.

    Raises:
        CheckFailed: it raised, or its process died.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _report(action, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    if status or not answer.startswith("+"):
        raise CheckFailed(answer[1:] or f"the process ended with {os.waitstatus_to_exitcode(status)}")
    return answer[1:]


def _report(action: Callable[[], str], writing: int) -> None:
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (_LONGEST_SECONDS, _LONGEST_SECONDS))
        answer = "+" + action()
    except (OSError, TensorgradeError, CheckFailed) as error:
        answer = f"-{error}"
    except BaseException as error:  # the parent's frames below must not run here
        answer = f"-{type(error).__name__}: {error}"
    os.write(writing, answer.encode())
    os._exit(0)


def system() -> str:
    """Linux, on an architecture whose system calls we know."""
    machine = platform.machine()
    if platform.system() != "Linux" or machine not in seccomp.ARCHITECTURES:
        raise CheckFailed(f"this is {platform.system()} on {machine}")
    return f"{platform.release()} on {machine}"


def user_namespaces() -> str:
    """A user namespace in which this user really has the powers of root."""
    ranged = identity.has_user_range()
    identity.become_namespace_root()
    sys_.unshare(sys_.CLONE_NEWNS)
    return (
        "root: each sandbox has a user id of its own"
        if ranged
        else "ordinary user: sandboxes share its user id"
    )


def namespace(name: str) -> str:
    """A new namespace of one kind."""
    _become_server()
    sys_.unshare(_NAMESPACES[name])
    return "can be made"


def _become_server() -> None:
    if not identity.has_user_range():
        identity.become_namespace_root()


def read_only_tree() -> str:
    """The sandbox's tree, its private /proc and its sized tmpfs, built for real."""
    _become_server()
    sys_.unshare(sys_.CLONE_NEWPID | sys_.CLONE_NEWNS)
    return in_child(_build_tree)


def _build_tree() -> str:
    filesystem.enter_template(filesystem.python_view(()))
    sys_.unshare(sys_.CLONE_NEWNS)
    filesystem.mount_private(_SMALL, 0)
    filesystem.make_folders()
    if [path.name for path in Path("/proc/self/task").iterdir()] != ["1"]:
        raise CheckFailed("/proc shows other processes")
    _must_fail(errno.EROFS, partial(os.mkdir, "/etc/new"))
    _must_fail(errno.ENOSPC, lambda: Path("large").write_bytes(bytes(2 * _SMALL.tmp_bytes)))
    _must_fail(errno.ENOSPC, _make_many_folders)
    return "read-only, with a sized tmpfs and a private /proc"


def _make_many_folders() -> None:
    for number in range(2 * _SMALL.tmp_files):
        Path(str(number)).mkdir()


def _must_fail(number: int, action: Callable[[], object]) -> None:
    try:
        action()
    except OSError as error:
        if error.errno != number:
            raise
    else:
        raise CheckFailed(f"what must fail with {errno.errorcode[number]} succeeded")


def memory_limit() -> str:
    """A process that takes more than its group's memory is killed, and counted."""

    def take() -> None:
        block = mmap.mmap(-1, 3 * _SMALL.memory_bytes, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for place in range(0, len(block), mmap.PAGESIZE):
            block[place] = 1

    reading, _ = _in_group(take)
    if not reading.oom_kills:
        raise CheckFailed("a process took more memory than its group may have, and was not killed")
    return "enforced"


def task_limit() -> str:
    """The group refuses more tasks than its limit."""

    def multiply() -> None:
        for _ in range(_SMALL.processes):
            if os.fork() == 0:
                time.sleep(0.2)
                os._exit(0)

    _, failure = _in_group(lambda: _must_fail(errno.EAGAIN, multiply))
    if failure:
        raise CheckFailed(f"the number of tasks is not limited: {failure}")
    return "enforced"


def cpu_clock() -> str:
    """The group's CPU clock runs; how fast depends on what else the machine does."""

    def burn() -> None:
        end = time.monotonic() + _BURN_SECONDS
        while time.monotonic() < end:
            pass

    reading, failure = _in_group(burn)
    if failure or not reading.cpu_seconds:
        raise CheckFailed(failure or f"{_BURN_SECONDS} s of work were not counted")
    return "counted"


def _in_group(action: Callable[[], None]) -> tuple[Reading, str]:
    """Run `action` in a process in a small group: the counters, and how the process failed ('' if not)."""
    group = cgroups.open_groups().create(f"{cgroups.owner_prefix(os.getpid())}1", _SMALL)

    def attached() -> str:
        group.attach()
        action()
        return ""

    try:
        failure = in_child(attached)
    except CheckFailed as error:
        failure = str(error)
    try:
        return group.reading(), failure
    finally:
        group.remove()


def system_call_filter() -> str:
    """The seccomp filter: an internet socket is refused, ordinary work goes on."""
    sys_.prctl(sys_.PR_SET_NO_NEW_PRIVS, 1)
    sys_.install_filter(seccomp.filter_for(platform.machine()))
    _must_fail(errno.EAFNOSUPPORT, socket.socket)
    _must_fail(errno.EPERM, lambda: sys_.unshare(sys_.CLONE_NEWUSER))
    return "installed"


def huge_pages() -> str:
    """The fork server's heap can be put into huge pages."""
    block = mmap.mmap(-1, 8 * MIB, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    block.write(bytes(8 * MIB))
    hugepages.collapse_heap()
    smaps = Path("/proc/self/smaps_rollup").read_text()
    collapsed = next(int(line.split()[1]) for line in smaps.splitlines() if line.startswith("AnonHugePages"))
    if not collapsed:
        raise CheckFailed("the kernel does not collapse memory into huge pages")
    return "used"
