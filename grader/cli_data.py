"""tensorgrade data: which data sets are here, fetch the real ones, and tell whether they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from grader.cli_faults import NOT_AS_DECLARED, faults
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.datasets_fetch import Progress as Told
    from grader.datasets_sources import Source, SourceFile

app = typer.Typer(
    help="Data sets: list them, fetch the real ones, check them.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

_MADE = (
    ("offline stand-ins", "1797 digits in the same shapes", "made at first use"),
    ("edges", "bars on noise, of any size", "drawn when a spec asks"),
    ("rotated", "images turned by random angles", "made when a spec asks"),
)
_Names = Annotated[list[str] | None, typer.Argument(help="Data sets; all of them if none is named.")]
_Folder = Annotated[
    Path,
    typer.Option(
        "--folder", envvar="TENSORGRADE_DATA", help="The folder of all data sets, which specs read too."
    ),
]
_HERE = Path("var/data")


@app.command(name="list")
def list_(folder: _Folder = _HERE) -> None:
    """Show the data sets and what is in the folder."""
    from grader.datasets_files import state
    from grader.datasets_sources import SOURCES

    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("name", "what", "state"):
        table.add_column(title)
    for source in SOURCES.values():
        kind, received = state(source, folder)
        words = f"{kind}, {_mb(received)} of {_mb(source.size)}" if kind == "begun" else str(kind)
        table.add_row(source.name, source.title, f"{words} ({_mb(source.size)})" if received == 0 else words)
    for row in _MADE:
        table.add_row(*row)
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    console.print(f"Folder: {folder.resolve()}", markup=False)


@app.command(
    epilog="""Examples:

    tensorgrade data fetch fashion_mnist

    tensorgrade data fetch --folder /srv/data

    tensorgrade data fetch cifar10 --mirror https://mirror.example.org/cifar/

A fetch that was cut goes on where it ended. Every file is checked by its SHA-256. Exit status: 0 all is here;
2 wrong usage; 3 something could not be fetched."""
)
def fetch(
    sets: _Names = None,
    folder: _Folder = _HERE,
    mirror: Annotated[
        str | None, typer.Option(help="Address of a folder to take the files from, for one data set.")
    ] = None,
) -> None:
    """Fetch the real files and unpack them."""
    with faults(sandboxes=False):
        chosen = _chosen(sets)
        if mirror and len(chosen) > 1:
            raise UsageError("--mirror is for one data set: name it.")
        from grader.datasets_fetch import fetch as fetch_one

        for source in chosen:
            with _shown() as told:
                where = fetch_one(source, folder, mirror=mirror, progress=told)
            typer.echo(f"{source.name}: complete, in {where}")
    typer.echo(f"Specs use it where the environment has TENSORGRADE_DATA={folder.resolve()}")


@app.command(
    epilog="""Examples:

    tensorgrade data verify

    tensorgrade data verify mnist --folder /srv/data

Exit status: 0 every file is the official one; 1 one is missing or damaged; 2 wrong usage."""
)
def verify(sets: _Names = None, folder: _Folder = _HERE) -> None:
    """Read every file of the data sets and compare it with the official one."""
    from grader.datasets_files import faults as found_in

    is_right = True
    with faults(sandboxes=False):
        for source in _chosen(sets):
            found = list(found_in(source, folder))
            is_right &= not found
            typer.echo(f"{source.name}: {'not as published' if found else 'ok'}")
            for fault in found:
                typer.echo(f"    {fault.path}: {fault.what}")
    if not is_right:
        typer.echo("`tensorgrade data fetch NAME` fetches what is missing or damaged.")
        raise typer.Exit(NOT_AS_DECLARED)


def _chosen(sets: list[str] | None) -> list[Source]:
    from grader.datasets_sources import SOURCES

    unknown = [name for name in sets or [] if name not in SOURCES]
    if unknown:
        raise UsageError(f"There is no data set {', '.join(unknown)} to fetch. Known: {', '.join(SOURCES)}.")
    return [SOURCES[name] for name in sets or SOURCES]


@contextmanager
def _shown() -> Iterator[Told]:
    """A bar for each file, on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars: dict[str, object] = {}

        def told(file: SourceFile, received: int) -> None:
            if file.name not in bars:
                bars[file.name] = progress.add_task(file.name, total=file.size)
            progress.update(bars[file.name], completed=received)  # type: ignore[arg-type]

        yield told


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
