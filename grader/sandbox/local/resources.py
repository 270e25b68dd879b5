"""The limits of one process (rlimits), set by itself."""

from __future__ import annotations

import resource

from grader.sandbox import limits as limits_
from grader.sandbox.base import Limits

_START_CPU_SECONDS = 1  # a fork begins at 0


def apply(limits: Limits) -> None:
    """Set the limits of this process and its children, soft and hard alike: nothing inside can raise them."""
    for name, value in limits_.of_a_process(limits, _START_CPU_SECONDS).items():
        kind: int = getattr(resource, f"RLIMIT_{name.upper()}")
        hard = resource.getrlimit(kind)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (allowed, allowed))
