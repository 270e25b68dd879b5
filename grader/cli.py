"""The command line: grade, check, new, data, doctor, schema."""

from __future__ import annotations

import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from grader import batch
from grader.assignment import load, names
from grader.cli_data import app as data
from grader.cli_faults import INFRASTRUCTURE, NOT_AS_DECLARED, USAGE, fail, faults
from grader.cli_new import EXAMPLES, new

app = typer.Typer(
    name="tensorgrade",
    help="Grade deep-learning homework without the tests and the student's code ever sharing a process.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


class Format(StrEnum):
    """How scores are printed."""

    TABLE = "table"
    JSON = "json"
    GRADESCOPE = "gradescope"


class StageOption(StrEnum):
    """Which tests run."""

    QUICK = "quick"
    SLOW = "slow"
    ALL = "all"


class BackendOption(StrEnum):
    """What sandboxes are made of."""

    LOCAL = "local"
    DOCKER = "docker"


_Backend = Annotated[
    BackendOption,
    typer.Option("--backend", help="Sandboxes: local (namespaces of this machine) or docker (containers)."),
]


@app.command(
    epilog="""Examples:

    tensorgrade grade vu_dl_a3 conv.py

    tensorgrade grade ift6390_hw3 a.py b.py team7.zip --jobs 2 --json > scores.json

    tensorgrade grade vu_dl_a3 handed_in/ --student --stage quick

    tensorgrade grade vu_dl_a3 conv.py --backend docker

Exit status: 0 everything was graded, whatever the scores; 2 wrong usage; 3 something of ours, or of the
assignment's author, failed."""
)
def grade(
    assignment: Annotated[str, typer.Argument(help="Name of the assignment: a folder of test_specs/.")],
    files: Annotated[
        list[Path], typer.Argument(help="Submissions: .py files, folders, .zip or .tar.gz archives.")
    ],
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="How many to grade at once.")] = 1,
    json: Annotated[
        bool, typer.Option("--json", help="Short for --format json: an object, or a list for several.")
    ] = False,
    format_: Annotated[Format, typer.Option("--format", help="What is printed on stdout.")] = Format.TABLE,
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of the random inputs; by default a new one, recorded in the score."),
    ] = None,
    stage: Annotated[
        StageOption, typer.Option(help="quick, slow (training) or all tests.")
    ] = StageOption.ALL,
    student: Annotated[bool, typer.Option("--student", help="Show only what the student may see.")] = False,
    backend: _Backend = BackendOption.LOCAL,
) -> None:
    """Grade submissions and print their scores."""
    missing = [str(path) for path in files if not path.exists()]
    if missing:
        fail(USAGE, f"No such file or folder: {', '.join(missing)}.")
    chosen = Format.JSON if json else format_
    number = secrets.randbelow(2**32) if seed is None else seed
    with faults():
        load(assignment)
    with faults(), batch.open_engine(backend.value) as engine:
        outcomes = batch.grade_all(engine, assignment, files, jobs=jobs, seed=number, stage=stage.value)
        batch.show(outcomes, chosen.value, student=student)
    if any(outcome.failure for outcome in outcomes):
        raise typer.Exit(INFRASTRUCTURE)


@app.command(
    epilog="""Examples:

    tensorgrade check vu_dl_a3

    tensorgrade check --all --jobs 2

    tensorgrade check vu_dl_a3 --backend docker

Exit status: 0 all as declared; 1 something differs; 2 wrong usage; 3 something of ours failed."""
)
def check(
    assignment: Annotated[str | None, typer.Argument(help="Name of the assignment.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every assignment.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="How many samples at once.")] = 2,
    only: Annotated[str | None, typer.Option(help="Only the samples whose path contains this.")] = None,
    stage: Annotated[StageOption, typer.Option(help="quick, slow or all tests.")] = StageOption.ALL,
    seed: Annotated[int, typer.Option(help="Seed of the random inputs.")] = 0,
    backend: _Backend = BackendOption.LOCAL,
) -> None:
    """Check an assignment: the reference earns everything, the template nothing, each sample what it
    declares.
    """
    if everything == (assignment is not None):
        fail(USAGE, "Name one assignment, or give --all.")
    with faults():
        chosen = [load(name) for name in (names() if assignment is None else [assignment])]
    with faults(), batch.open_engine(backend.value) as engine:
        reports = [
            batch.check(engine, one, jobs=jobs, only=only, stage=stage.value, seed=seed) for one in chosen
        ]
    if not all(reports):
        raise typer.Exit(NOT_AS_DECLARED)


@app.command()
def doctor() -> None:
    """Say what this machine can enforce, and the remedy for what it cannot.

    Exit status: 0 submissions can be graded here; 3 they cannot.
    """
    from grader.report import render_checks
    from grader.sandbox.doctor import examine

    checks = examine()
    render_checks(checks, Console())
    if any(check.required and not check.ok for check in checks):
        raise typer.Exit(INFRASTRUCTURE)


@app.command()
def assignments() -> None:
    """List the assignments in test_specs/."""
    for name in names():
        typer.echo(f"{name:24} {load(name).config.title}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a score."""
    from grader.scoring.schema import schema_text

    typer.echo(schema_text(), nl=False)


app.command(epilog=EXAMPLES)(new)
app.add_typer(data, name="data")


def main() -> None:
    """Run the command line."""
    app(prog_name="tensorgrade")


if __name__ == "__main__":
    main()
