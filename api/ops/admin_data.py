"""Backup, restore, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.ops.exits import FAULTS


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("verify")(verify)


def backup(target: Annotated[Path, typer.Argument(help="The .tar to write; must not exist.")]) -> None:
    """Write everything into one file. The service may run meanwhile."""
    from api.ops.backup import write_backup
    from api.ops.connect import services

    with services() as opened:
        contents = write_backup(opened.database, opened.blobs, target)
        typer.echo(f"{target}: {contents.rows} rows, {contents.blobs} uploads.")


def restore(
    source: Annotated[Path, typer.Argument(help="A .tar of `admin backup`.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what the service has.")] = False,
) -> None:
    """Bring a backup back, also one of another kind of database. Stop the service first."""
    from api.ops import restore as restoring
    from api.ops.connect import services
    from api.ops.home import alone

    with services(at_head=False) as opened, alone(opened.settings.home):
        contents = restoring.restore(opened.database, opened.blobs, source, force=force)
        typer.echo(f"Restored: {contents.rows} rows, {contents.blobs} uploads.")


def verify(
    source: Annotated[Path | None, typer.Argument(help="A backup; without it, the service itself.")] = None,
) -> None:
    """Check that every upload is there and unchanged, or that a backup is whole.

    Exit status: 0 all is well; 1 something is not.
    """
    from api.ops import restore as restoring
    from api.ops.connect import services
    from api.ops.verify import faults

    with services(at_head=False) as opened:
        if source is not None:
            restoring.check(source)
            found = []
        else:
            found = list(faults(opened.database, opened.blobs))
    for line in found or ["All is well."]:
        typer.echo(line)
    if found:
        raise typer.Exit(FAULTS)
