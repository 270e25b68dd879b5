"""Accounts and specs."""

from __future__ import annotations

import getpass
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from api.ops.exits import FAULTS

if TYPE_CHECKING:
    from api.db.accounts import User
    from api.services import Services

_Email = Annotated[str, typer.Argument(help="Their e-mail address.")]
_SCOPES = "read,submit,staff,admin"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("create-user")(create_user)
    app.command("set-password")(set_password)
    app.command("token")(token)
    app.command("sync")(sync)
    app.command("demo")(demo)


def create_user(
    email: _Email,
    name: Annotated[str, typer.Option(help="As others see it.")] = "",
    admin: Annotated[bool, typer.Option("--admin", help="May do everything everywhere.")] = False,
) -> None:
    """Make an account. The password is asked for, or read from stdin."""
    from api.accounts import service
    from api.ops.connect import services

    with services() as opened:
        user = service.create_user(
            opened.database, email, name=name, password=_ask_password(), is_admin=admin
        )
        typer.echo(f"{user.email} {user.id}")


def set_password(email: _Email) -> None:
    """Set somebody's password; they are signed out everywhere. It is asked for, or read from stdin."""
    from api.accounts import service
    from api.ops.connect import services

    with services() as opened:
        user = _user(opened, email)
        service.set_password(opened.database, user.id, _ask_password())
        typer.echo(f"{user.email} has a new password.")


def token(
    email: _Email,
    scopes: Annotated[str, typer.Option(help=f"Out of {_SCOPES}.")] = "read,submit",
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    days: Annotated[float | None, typer.Option(help="How long it lives.", min=0.01)] = None,
) -> None:
    """Make an API token for somebody and print it, once."""
    from api.accounts import tokens
    from api.accounts.actor import Scope
    from api.ops.connect import services
    from grader.errors import UsageError

    with services() as opened:
        wanted = [one.strip() for one in scopes.split(",") if one.strip()]
        if not wanted or set(wanted) - set(Scope):
            raise UsageError(f"--scopes takes names out of {_SCOPES}.")
        user = _user(opened, email)
        life = days or opened.settings.token_days
        with opened.database.write() as session:
            _, secret = tokens.create(session, user.id, name, [Scope(one) for one in wanted], days=life)
        typer.echo(secret)


def sync() -> None:
    """Read test_specs/ again. Assignments stay on their versions until an instructor moves them.

    Exit status: 1 if a spec could not be read.
    """
    from api.courses.sync import sync_specs
    from api.ops.connect import services

    with services() as opened:
        report = sync_specs(opened.database, opened.settings.root)
        for line in report.lines() or ["Nothing is new."]:
            typer.echo(line)
        if report.errors:
            raise typer.Exit(FAULTS)


def demo() -> None:
    """Make the demo course, if the service has no users yet, and print its accounts."""
    from api.courses.demo import make_demo
    from api.ops.connect import services
    from grader.errors import UsageError

    with services() as opened:
        accounts = make_demo(opened.database, opened.settings.root)
        if accounts is None:
            raise UsageError("The service has users already: a demo course is for empty ones.")
        typer.echo(accounts.text())


def _user(opened: Services, email: str) -> User:
    from api.accounts import service
    from grader.errors import UsageError

    with opened.database.read() as session:
        user = service.find_user(session, email)
    if user is None:
        raise UsageError(f"There is no account with the address {email}.")
    return user


def _ask_password() -> str:
    """Never an argument: others on the machine see those."""
    if sys.stdin.isatty() and "TERM" in os.environ:
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\n")
