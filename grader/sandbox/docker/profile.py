"""The seccomp profile of containers: `python -m grader.sandbox.docker.profile > docker/seccomp.json`.

It is made from the same table as the local backend's filter, plus what the container runtime and its init
need between loading it and Python's start. The harness then installs the local backend's filter as well, so
a submission has exactly the calls that it has there: no program can be run, no limit be changed. This outer
one holds even if that step were missing.
"""

from __future__ import annotations

import errno
import json
import sys
from functools import cache
from typing import Any

from grader.sandbox.local import seccomp, syscall_table

# execve: the runtime starts init, and init Python. seccomp: the harness's own filter. prlimit64: Python
# asks, and the harness may lower. Later the inner filter refuses all three.
_BEFORE_START = ("execve", "seccomp", "prlimit64")
_PRCTL_BEFORE_START = (4, 38)  # PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS
_IOCTL_BEFORE_START = (0x5410,)  # TIOCSPGRP: init gives up where it fails with anything but ENOTTY
_ARCHITECTURES = ("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64")  # and none that they could switch to

Rule = dict[str, Any]


def profile(*, gpu: bool = False) -> dict[str, Any]:
    """The profile, as the engine wants it. Names that an architecture lacks are ignored by the runtime.

    gpu: adds what NVIDIA's driver is asked with.
    """
    machines = seccomp.ARCHITECTURES
    names = {name for machine in machines for name in syscall_table.allowed(machine)}
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "archMap": [{"architecture": name, "subArchitectures": []} for name in _ARCHITECTURES],
        "syscalls": [
            _allow(*sorted(names | set(_BEFORE_START))),
            *_conditions(),
            *(_gpu_conditions() if gpu else []),
        ],
    }


@cache
def text(*, gpu: bool = False) -> str:
    """The profile as JSON; the same text every time, so that a gate can compare it."""
    return json.dumps(profile(gpu=gpu), indent=2) + "\n"


def _conditions() -> list[Rule]:
    return [
        _allow("clone", _argument(0, "SCMP_CMP_MASKED_EQ", seccomp.NEW_NAMESPACES, 0)),
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS},
        _allow("socket", _argument(0, "SCMP_CMP_EQ", seccomp.AF_UNIX)),
        _allow("socketpair", _argument(0, "SCMP_CMP_EQ", seccomp.AF_UNIX)),
        _allow("personality", _argument(0, "SCMP_CMP_EQ", seccomp.ASK_PERSONALITY)),
        *(
            _allow("prctl", _argument(0, "SCMP_CMP_EQ", option))
            for option in (*seccomp.PRCTL, *_PRCTL_BEFORE_START)
        ),
        *(
            _allow("ioctl", _argument(1, "SCMP_CMP_EQ", request))
            for request in (*seccomp.IOCTL, *_IOCTL_BEFORE_START)
        ),
    ]


def _gpu_conditions() -> list[Rule]:
    """As the local backend's filter: calls of type 'F', and unified memory's plain numbers."""
    return [
        _allow("ioctl", _argument(1, "SCMP_CMP_LT", seccomp.UVM_NUMBERS)),
        _allow("ioctl", _argument(1, "SCMP_CMP_MASKED_EQ", seccomp.IOCTL_TYPE, seccomp.NVIDIA_TYPE)),
        *(_allow("ioctl", _argument(1, "SCMP_CMP_EQ", request)) for request in seccomp.UVM_OTHER),
    ]


def _allow(*parts: str | Rule) -> Rule:
    names = [part for part in parts if isinstance(part, str)]
    arguments = [part for part in parts if not isinstance(part, str)]
    rule: Rule = {"names": names, "action": "SCMP_ACT_ALLOW"}
    return rule | ({"args": arguments} if arguments else {})


def _argument(index: int, operator: str, value: int, second: int | None = None) -> Rule:
    found: Rule = {"index": index, "value": value, "op": operator}
    return found | ({} if second is None else {"valueTwo": second})


if __name__ == "__main__":
    sys.stdout.write(text())
