"""Whole gradings through the engine: warm latency, processor time, throughput."""

from __future__ import annotations

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from grader.engine import Engine

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Medians of one run; seconds."""

    wall: float
    cpu: float


def warm(engine: Engine, name: str, path: Path, runs: int) -> Cost:
    """One grading after the other in a warm engine, the engine's own share included."""
    _grade(engine, name, path)
    walls = []
    cpu = _cpu_seconds()
    for _ in range(runs):
        started = time.perf_counter()
        _grade(engine, name, path)
        walls.append(time.perf_counter() - started)
    return Cost(statistics.median(walls), (_cpu_seconds() - cpu) / runs)


def per_second(engine: Engine, name: str, path: Path, count: int, jobs: int) -> float:
    """Gradings per second with `jobs` at once."""
    started = time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda _: _grade(engine, name, path), range(count)))
    return count / (time.perf_counter() - started)


def _grade(engine: Engine, name: str, path: Path) -> None:
    score = engine.grade(name, path, seed=1, stage="quick")
    if score.score != score.max_score:
        raise RuntimeError(f"{path} got {score.score} of {score.max_score}")


def _cpu_seconds() -> float:
    """Processor time of this process and everything below it, ended children included."""
    return sum(_ticks(pid) for pid in _family(os.getpid())) / _TICK


def _family(root: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _fields(int(entry.name))
            if fields:
                parents[int(entry.name)] = int(fields[1])
    family = [root]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family


def _ticks(pid: int) -> int:
    fields = _fields(pid)
    return sum(int(value) for value in fields[11:15]) if fields else 0


def _fields(pid: int) -> list[str]:
    """/proc/PID/stat from the state on; [] once the process is gone."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []
