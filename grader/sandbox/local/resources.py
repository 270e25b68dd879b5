"""Limits of one process (rlimits), and the check that `Limits` make sense at all."""

from __future__ import annotations

import math
import resource
from dataclasses import fields

from grader.errors import LimitUnavailable
from grader.sandbox.base import GIB, KIB, MIB, Limits

_LEAST_MEMORY = 16 * MIB  # below this a fork of Python cannot even report


def check(limits: Limits) -> None:
    """Refuse limits that this backend cannot enforce.

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


def apply(limits: Limits) -> None:
    """Set the limits of this process and its children, soft and hard alike: nothing inside can raise them."""
    wanted = {
        resource.RLIMIT_CPU: 2 * math.ceil(limits.cpu_seconds)
        + 1,  # second line: the group's clock comes first
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: limits.tmp_bytes,
        resource.RLIMIT_DATA: 2 * limits.memory_bytes + 2 * GIB,  # second line: counts reserved memory too
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 64 * KIB,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 1024,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_RTPRIO: 0,
    }
    if limits.gpus:  # CUDA reserves and pins address space; the control group still counts what is used
        del wanted[resource.RLIMIT_DATA], wanted[resource.RLIMIT_MEMLOCK]
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (allowed, allowed))
