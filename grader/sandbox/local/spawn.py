"""What a freshly forked child does to become a sandbox, in order, and how it says that it has.

The child is process 1 of a new pid namespace: when it ends, the kernel ends everything else in there.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from grader.sandbox.base import Limits
from grader.sandbox.gpu import inside
from grader.sandbox.gpu.desk import Granted
from grader.sandbox.local import filesystem, identity, resources, seccomp
from grader.sandbox.local import syscalls as sys_
from grader.sandbox.local.groups import Group

Entry = Callable[[socket.socket, Limits], None]
READY = b"ready"
CHANNEL, STATUS = 3, 4
_NAMESPACES = (
    sys_.CLONE_NEWNS | sys_.CLONE_NEWNET | sys_.CLONE_NEWIPC | sys_.CLONE_NEWUTS | sys_.CLONE_NEWCGROUP
)
FAILED_EXIT_CODE = 70
HUNG_UP_EXIT_CODE = 92  # the entry returned, because our side closed the channel


@dataclass(frozen=True)
class Birth:
    """All that a child needs to know."""

    limits: Limits
    group: Group
    outside: int  # user and group id, as the fork server sees them
    ranged: bool  # whether that id is one of many, not the fork server's own
    channel: int  # descriptor of the harness's end
    status: int  # descriptor of a pipe: `READY`, or what went wrong as JSON
    null: int  # descriptor of /dev/null
    entry: Entry
    gpu: Granted | None = None


def run_child(birth: Birth) -> NoReturn:
    """Become the sandbox and serve; never returns into the fork server's code."""
    code, status, channel = FAILED_EXIT_CODE, birth.status, None
    try:
        birth.group.attach()
        _keep_descriptors(birth)
        status = STATUS
        _isolate(birth)
        os.write(STATUS, READY)
        os.close(STATUS)
        channel = socket.socket(fileno=CHANNEL)  # held here: it must close no earlier than the process ends
        birth.entry(channel, birth.limits)
        code = HUNG_UP_EXIT_CODE
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException as error:  # the parent's frames below must never run in the child
        _report(error, status)
    finally:
        os._exit(code)


def _isolate(birth: Birth) -> None:
    sys_.unshare(_NAMESPACES)
    filesystem.mount_private(birth.limits, birth.outside, birth.gpu.nodes if birth.gpu else ())
    sys_.set_hostname("sandbox")
    sys_.set_process_name("sandbox")
    resources.apply(birth.limits)
    identity.become_student(birth.outside, birth.ranged)
    os.umask(0o077)
    filesystem.make_folders()
    identity.drop_privileges()
    if birth.gpu is not None:
        inside.prepare(birth.gpu.ids, birth.gpu.memory_share)
    sys_.install_filter(seccomp.filter_for(platform.machine(), gpu=birth.gpu is not None))


def _keep_descriptors(birth: Birth) -> None:
    """0, 1 and 2 are /dev/null, then the channel and the status pipe; nothing else stays open."""
    channel, status = (_above(number) for number in (birth.channel, birth.status))
    for number in range(3):
        os.dup2(birth.null, number)
    os.dup2(channel, CHANNEL, inheritable=False)
    os.dup2(status, STATUS, inheritable=False)
    sys_.close_from(STATUS + 1)


def _above(number: int) -> int:
    """The same open file at a number that the fixed ones do not overwrite."""
    while number <= STATUS:
        number = os.dup(number)
    return number


def _report(error: BaseException, status: int) -> None:
    text = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()[-8000:]}
    with contextlib.suppress(OSError):  # closed: it was ready long ago, and the exit code tells
        os.write(status, json.dumps(text).encode())
