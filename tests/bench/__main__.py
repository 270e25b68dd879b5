"""`make bench`: speed and memory on this machine, each figure beside its bar. Ratios and differences
are within this one run.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from grader import assignment
from grader.engine import Engine
from grader.sandbox.local.backend import LocalBackend
from tests.bench import gradings, primitives

_ROUNDS = 8  # baseline and gradings take turns: a machine's speed changes from minute to minute
_RUNS = 5  # in a round
_SANDBOXES = 9
_MIB = 2**20
_LIGHT = Path(__file__).parent / "course"  # a root with one small assignment


def main() -> None:
    torch.set_num_threads(1)
    console = Console(width=110)
    table = Table("what", "measured", "bar", title="tensorgrade bench (medians)")
    _primitives(table)
    with Engine() as engine:
        for name in assignment.names():
            _grading(table, engine, name)
    with Engine(_LIGHT) as engine:
        engine.prepare("light")
        rate = gradings.per_second(engine, "light", _LIGHT / "reference/light", 40, 2)
        _row(
            table,
            "a light suite (15 checks): 40 submissions, 2 jobs",
            f"{rate:.1f} per second",
            ">= 12 per second",
        )
    console.print(table)


def _primitives(table: Table) -> None:
    with LocalBackend() as backend:
        ready = primitives.ready_seconds(backend)
        _row(table, "sandbox ready, p50", f"{1e3 * statistics.median(ready):.1f} ms", "<= 15 ms")
        _row(table, "sandbox ready, p95", f"{1e3 * primitives.percentile(ready, 0.95):.1f} ms", "")
        small = [
            seconds
            for _ in range(_SANDBOXES)  # one may have got a better place than another
            for seconds in primitives.call_seconds(backend, torch.randn(4, 5), 1000)
        ]
        _row(
            table,
            "call with a small tensor, round trip p50",
            f"{1e6 * statistics.median(small):.0f} us",
            "<= 60 us",
        )
        large = statistics.median(primitives.call_seconds(backend, primitives.large_tensor(), 40, "take"))
        copy = primitives.socket_copy_seconds()
        row = f"{1e3 * large:.2f} ms = {large / copy:.2f} x"
        _row(table, f"10 MiB tensor sent, against {1e3 * copy:.2f} ms through a bare socket", row, "<= 3 x")
        memory = primitives.memory_per_sandbox(backend)
        _row(table, "memory of a further sandbox", f"{memory / _MIB:.0f} MiB", "<= 60 MiB")


def _grading(table: Table, engine: Engine, name: str) -> None:
    engine.prepare(name)
    plain, warm = _take_turns(engine, name)
    wall, cpu = plain.wall, plain.cpu
    _row(
        table,
        f"{name}: the quick tests as plain functions",
        f"{1e3 * wall:.0f} ms, {1e3 * cpu:.0f} ms CPU",
        "",
    )
    _row(table, f"{name}: a whole warm grading", f"{1e3 * warm.wall:.0f} ms, {1e3 * warm.cpu:.0f} ms CPU", "")
    _row(table, f"{name}: more wall time", f"{1e3 * (warm.wall - wall):.0f} ms", "<= 100 ms")
    _row(table, f"{name}: more CPU time", f"{1e3 * (warm.cpu - cpu):.0f} ms", "<= 120 ms")
    rate = gradings.per_second(engine, name, _reference(name), 40, 2)
    _row(table, f"{name}: 40 submissions, 2 jobs", f"{rate:.1f} per second", "")


def _take_turns(engine: Engine, name: str) -> tuple[gradings.Cost, gradings.Cost]:
    """Medians of the plain functions and of whole gradings."""
    # In a process of its own: two assignments may have test modules of one name.
    command = [sys.executable, "-m", "tests.bench.plain", name, str(_RUNS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as baseline:
        assert baseline.stdin
        assert baseline.stdout
        plain, warm = [], []
        for _ in range(_ROUNDS):
            baseline.stdin.write("again\n")
            baseline.stdin.flush()
            plain.append(gradings.Cost(*json.loads(baseline.stdout.readline())))
            warm.append(gradings.warm(engine, name, _reference(name), _RUNS))
        baseline.stdin.close()
    return _median(plain), _median(warm)


def _median(costs: list[gradings.Cost]) -> gradings.Cost:
    return gradings.Cost(
        statistics.median(cost.wall for cost in costs), statistics.median(cost.cpu for cost in costs)
    )


def _reference(name: str) -> Path:
    return assignment.load(name).reference


def _row(table: Table, *cells: str) -> None:
    table.add_row(*cells)


if __name__ == "__main__":
    main()
