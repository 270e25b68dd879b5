"""Which `Limits` make sense at all, and the limits of one process (rlimits) that go with them."""

from __future__ import annotations

import math
from dataclasses import fields

from grader.errors import LimitUnavailable
from grader.sandbox.base import GIB, KIB, MIB, Limits

_LEAST_MEMORY = 16 * MIB  # below this not even Python can report


def check(limits: Limits) -> None:
    """Refuse limits that no backend can enforce.

    Raises:
        LimitUnavailable: says which one.
    """
    if limits.gpus < 0:
        raise LimitUnavailable(f"gpus = {limits.gpus} cannot be given.", "Set gpus to 0 or more.")
    for field in fields(limits):
        value = getattr(limits, field.name)
        if field.name != "gpus" and not (0 < value < math.inf):
            raise LimitUnavailable(
                f"{field.name} = {value} cannot be enforced.", f"Set {field.name} above 0."
            )
    if limits.memory_bytes < _LEAST_MEMORY:
        text = f"memory_bytes = {limits.memory_bytes} is less than a Python process needs."
        raise LimitUnavailable(text, f"Allow at least {_LEAST_MEMORY // MIB} MiB.")


def of_a_process(limits: Limits, start_cpu_seconds: int) -> dict[str, int]:
    """The second line, by the kernel's names (setrlimit(2)); the group's limits come first.

    start_cpu_seconds: that the process used, or may use, before it serves.
    """
    wanted = {
        "cpu": 2 * math.ceil(limits.cpu_seconds) + start_cpu_seconds,
        "nofile": limits.open_files,
        "fsize": limits.tmp_bytes,
        "data": 2 * limits.memory_bytes + 2 * GIB,  # counts reserved memory too
        "core": 0,
        "memlock": 64 * KIB,
        "msgqueue": 0,
        "sigpending": 1024,
        "nice": 0,
        "rtprio": 0,
    }
    if limits.gpus:  # CUDA reserves and pins address space; the control group still counts what is used
        del wanted["data"], wanted["memlock"]
    return wanted
