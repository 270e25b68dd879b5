"""How many machines a due date needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.queue.deadline import Seconds

_MOST_PLACES = 10_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate")(simulate)


def simulate(
    students: Annotated[int, typer.Option(help="How many hand in.", min=1, max=1_000_000)] = 300,
    submissions: Annotated[int, typer.Option(help="Of all of them together.", min=1, max=1_000_000)] = 1500,
    hours: Annotated[float, typer.Option(help="From the first upload to the due date.", min=0.01)] = 6.0,
    rush: Annotated[
        float, typer.Option(help="Hours in which the rate of uploads grows e-fold.", min=0.01)
    ] = 1.0,
    workers: Annotated[str, typer.Option(help="Gradings at once on all machines; several: 2,4,8.")] = "4",
    seconds: Annotated[float, typer.Option(help="That a grading takes, on average.", min=0.001)] = 0.5,
    spread: Annotated[
        float,
        typer.Option(help="How unequal gradings are: deviation of the logarithm; 0: not.", min=0, max=3),
    ] = 0.0,
    samples: Annotated[
        Path | None, typer.Option(help="Measured seconds instead, one on each line; - is stdin.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same one gives the same result.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    plot: Annotated[
        bool, typer.Option("--plot", help="Also how the wait grows towards the due date.")
    ] = False,
) -> None:
    """Simulate the hours before a due date: how long submissions wait with so many gradings at once.

    Nothing of the service is needed or asked. The queue is the service's own rule.
    """
    import json
    from dataclasses import asdict

    from rich.console import Console

    from api.ops.console import faults
    from api.ops.forecast import chart, forecast, table
    from api.queue import deadline as due

    with faults():
        assumed = due.Deadline(students, submissions, hours, rush)
        arrivals = due.uploads(assumed, _service(seconds, spread, samples), seed)
        found = [forecast(arrivals, assumed, places) for places in _places(workers)]
        rows = [row for row, _ in found]
        mean = sum(one.seconds for one in arrivals) / len(arrivals)
        if as_json:
            given = asdict(assumed) | {"mean_seconds": mean, "seed": seed}
            typer.echo(json.dumps({"assumed": given, "waits": [asdict(row) for row in rows]}, indent=2))
            return
        title = (
            f"{submissions} submissions of {students} students in {hours:g} h, {mean:.3g} s each: the wait"
        )
        Console().print(table(rows, title))
        for row, graded in found if plot else ():
            typer.echo("\n".join(["", f"{row.places} at once", *chart(graded, assumed)]))


def _places(text: str) -> list[int]:
    from grader.errors import UsageError

    try:
        found = [int(word) for word in text.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 1 or max(found) > _MOST_PLACES:
        raise UsageError(f"--workers takes numbers from 1 to {_MOST_PLACES}, separated by commas.")
    return found


def _service(seconds: float, spread: float, samples: Path | None) -> Seconds:
    from api.queue import deadline as due

    if samples is not None:
        return due.measured(_read(samples))
    return due.lognormal(seconds, spread) if spread else due.constant(seconds)


def _read(path: Path) -> list[float]:
    from grader.errors import UsageError

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text()
        found = [float(line) for line in text.split()]
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error
    if not found or not all(0.0 < one < 1e6 for one in found):
        raise UsageError(f"{path} must hold numbers of seconds above 0.")
    return found
