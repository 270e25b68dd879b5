"""`python -m tests.bench.containers`: the quick tests of an assignment in containers and in local sandboxes.

Gradings on both take turns, so that a change of the machine's speed meets both.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console
from rich.table import Table

from grader import assignment
from grader.engine import Engine
from grader.sandbox.docker.backend import DockerBackend
from grader.sandbox.docker.options import DockerOptions

_RUNS = 10
_COLD_RUNS = 3
_MANY = 20  # submissions of the throughput
_PAUSE = 4.0  # for the pool to fill up again between two single gradings


def main(name: str = "vu_dl_a3") -> None:
    """Measure and print."""
    table = Table("what", "local", "docker", "ratio", title=f"{name}, quick tests: submission to score")
    with (
        Engine() as local,
        DockerBackend(DockerOptions(warm=3)) as backend,
        Engine(backend=backend) as contained,
    ):
        for engine in (local, contained):
            engine.prepare(name)
            _grade(engine, name)
        pairs = [(_grade(local, name), _after_pause(contained, name)) for _ in range(_RUNS)]
        ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
        _row(table, f"warm, median of {_RUNS}", ours, theirs, _milliseconds)
        ours, theirs = _per_minute(local, name), _per_minute(contained, name)
        _row(table, f"{_MANY} submissions, 2 jobs", ours, theirs, lambda rate: f"{rate:.1f} per minute")
    _row(table, f"without a pool, median of {_COLD_RUNS}", None, _cold(name), _milliseconds)
    Console(width=110).print(table)


def _after_pause(engine: Engine, name: str) -> float:
    time.sleep(_PAUSE)
    return _grade(engine, name)


def _cold(name: str) -> float:
    options = DockerOptions(warm=0)
    with DockerBackend(options) as backend, Engine(backend=backend) as engine:
        engine.prepare(name)
        return statistics.median(_grade(engine, name) for _ in range(_COLD_RUNS))


def _per_minute(engine: Engine, name: str) -> float:
    """With whatever the pool holds at the start; it has to fill up meanwhile."""
    before = time.perf_counter()
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: _grade(engine, name), range(_MANY)))
    return 60 * _MANY / (time.perf_counter() - before)


def _grade(engine: Engine, name: str) -> float:
    before = time.perf_counter()
    score = engine.grade(name, assignment.load(name).reference, seed=1, stage="quick")
    seconds = time.perf_counter() - before
    if score.score != score.max_score:
        raise RuntimeError(f"the reference got {score.score} of {score.max_score}")
    return seconds


def _row(
    table: Table, what: str, local: float | None, contained: float, form: Callable[[float], str]
) -> None:
    ratio = f"{contained / local:.2f}" if local else ""
    table.add_row(what, form(local) if local else "", form(contained), ratio)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    main(*sys.argv[1:])
