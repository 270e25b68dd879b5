"""The command line: what the engine has (`grader.cli`), the service, its administration, and the client.

Everything that a command needs is imported when it runs: `tensorgrade grade` loads nothing of the service.
"""

from __future__ import annotations

from typing import Annotated

import typer

from api.client.commands import register as register_client
from api.ops.admin import app as admin
from grader.cli import app

_SERVICE = "The service"
_Host = Annotated[str | None, typer.Option(help="Address to listen on; TENSORGRADE_HOST.")]
_Port = Annotated[int | None, typer.Option(help="Port to listen on; TENSORGRADE_PORT.", min=0, max=65535)]


@app.command(rich_help_panel=_SERVICE)
def serve(
    host: _Host = None,
    port: _Port = None,
    worker: Annotated[bool, typer.Option(help="Whether to grade here.")] = True,
    demo: Annotated[
        bool, typer.Option(help="Whether an empty service gets a demo course; never in production.")
    ] = True,
) -> None:
    """Run the whole service here: web, worker, database. Ctrl-C stops it."""
    from api.ops.console import faults, read_settings
    from api.supervisor.serve import Parts, serve

    with faults():
        status = serve(read_settings(host=host, port=port), Parts(worker=worker, demo=demo))
    raise typer.Exit(status)


@app.command(rich_help_panel=_SERVICE)
def api(host: _Host = None, port: _Port = None) -> None:
    """Run the web application alone."""
    from api.ops.console import faults, read_settings
    from api.web_server import run

    with faults():
        run(read_settings(host=host, port=port))


@app.command(rich_help_panel=_SERVICE)
def worker() -> None:
    """Run one worker: it claims submissions and grades them."""
    from api.worker.__main__ import main

    raise typer.Exit(main())


@app.command(rich_help_panel=_SERVICE)
def migrate(
    new: Annotated[
        str | None, typer.Option(metavar="MESSAGE", help="For developers: write a migration from the models.")
    ] = None,
) -> None:
    """Bring the database to the state that this version expects."""
    from api.db import migrate as migrations
    from api.ops.connect import services

    with services(at_head=False) as opened:
        before = migrations.current(opened.database)
        migrations.upgrade(opened.database)
        typer.echo(f"The database is at {migrations.head()} (before: {before or 'empty'}).")
        if new is not None:
            migrations.write_revision(opened.database, new)


app.add_typer(admin, name="admin", rich_help_panel=_SERVICE)
register_client(app)


def main() -> None:
    """Run the command line."""
    app(prog_name="tensorgrade")


if __name__ == "__main__":
    main()
