"""What the engine's numbers mean: how a container ended, and what it used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from grader.errors import InfrastructureError
from grader.sandbox.base import OUTPUT_EXIT_CODE, Limits, Result, Status, Usage
from grader.sandbox.local.spawn import HUNG_UP_EXIT_CODE

_BY_SIGNAL = 128  # init ends with this plus the signal that ended the harness
_KILLED = _BY_SIGNAL + 9


@dataclass(frozen=True)
class Reading:
    """What the kernel counted for a container so far."""

    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    memory_limit: int = 0  # as the kernel has it

    @classmethod
    def of(cls, stats: Mapping[str, Any]) -> Reading:
        """From the engine's answer to `stats`; an ended container has no numbers."""
        memory = stats.get("memory_stats") or {}
        used = (stats.get("cpu_stats") or {}).get("cpu_usage") or {}
        return cls(
            cpu_seconds=(used.get("total_usage") or 0) / 1e9,
            peak_memory_bytes=memory.get("max_usage") or memory.get("usage") or 0,
            memory_limit=memory.get("limit") or 0,
        )


def cpu_between(first: Reading, last: Reading) -> float:
    """CPU seconds of the submission: the harness's start is not its own."""
    return max(0.0, last.cpu_seconds - first.cpu_seconds)


def usage(first: Reading, last: Reading, wall: float) -> Usage:
    """What a submission used, as far as it was read while the container lived."""
    return Usage(cpu_between(first, last), wall, last.peak_memory_bytes)


def may_be_out_of_memory(state: Mapping[str, Any]) -> bool:
    """Killed, but not yet said why."""
    return bool(state.get("ExitCode") == _KILLED and not state.get("OOMKilled"))


def result(
    state: Mapping[str, Any],
    reason: Status | None,
    limits: Limits,
    used: Usage,
) -> Result:
    """How a container ended.

    state:  as the engine says.
    reason: why we killed it, if we did.

    Raises:
        InfrastructureError: it is not over, or never began.
    """
    code = int(state.get("ExitCode") or 0)
    if state.get("Running"):
        raise InfrastructureError("The engine let go of a container that still runs.")
    if state.get("OOMKilled"):
        return Result(Status.MEMORY, replace(used, peak_memory_bytes=limits.memory_bytes))
    if reason is not None:
        return Result(reason, used)
    if code > _BY_SIGNAL:
        return Result(Status.SIGNALED, used, signal=code - _BY_SIGNAL)
    if code == HUNG_UP_EXIT_CODE:
        return Result(Status.STOPPED, used)
    return Result(Status.OUTPUT if code == OUTPUT_EXIT_CODE else Status.EXITED, used, exit_code=code)
