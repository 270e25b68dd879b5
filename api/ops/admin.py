"""`tensorgrade admin`: what operators do, with the database itself; no password is needed beyond its own."""

from __future__ import annotations

import typer

from api.ops import admin_accounts, admin_data, admin_queue, admin_simulate

app = typer.Typer(
    help="Accounts, specs, the queue, and backups of the service.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for _part in (admin_accounts, admin_queue, admin_data, admin_simulate):
    _part.register(app)
