"""The commands login, logout, submit and status. What they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_DEFAULT_URL = "http://127.0.0.1:8000"
_EXAMPLES = """Examples:

    tensorgrade submit vu_dl_a3 conv.py

    tensorgrade submit vu_dl_a3 conv.py answers.toml --wait

    tensorgrade submit vu_dl_a3 conv.py --wait --json > score.json

Exit status: 0 handed in (with --wait: graded, whatever the score); 2 wrong usage, or refused; 3 the service
cannot be reached or could not grade."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(login)
    app.command()(logout)
    app.command(epilog=_EXAMPLES)(submit)
    app.command()(status)


def login(
    url: Annotated[str, typer.Argument(help="The address of the service.")] = _DEFAULT_URL,
    token: Annotated[
        str | None, typer.Option(help='A token made on the page "Tokens"; "-" asks for it.')
    ] = None,
    email: Annotated[str | None, typer.Option(help="Your address; asked for if left out.")] = None,
) -> None:
    """Sign in to a service, once for this machine."""
    from api.client import actions

    actions.login(url, token, email)


def logout() -> None:
    """Sign out: revokes the token and removes it from this machine."""
    from api.client import actions

    actions.logout()


def submit(
    assignment: Annotated[str, typer.Argument(help="Name of the assignment.")],
    files: Annotated[list[Path], typer.Argument(help="What to hand in: one file, or several of one work.")],
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait for the result and show it.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON: the score, or without --wait the receipt.")
    ] = False,
) -> None:
    """Hand in, as on the web page."""
    from api.client import actions

    actions.submit(assignment, files, wait=wait, as_json=json)


def status(
    submission: Annotated[
        str | None, typer.Argument(help="Its id; without it, your newest of each assignment.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a submission's result, or how your assignments stand."""
    from api.client import actions

    actions.status(submission, as_json=json)
