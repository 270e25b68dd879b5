"""What has to be there before the service starts: tables, specs, and in an empty one something to see."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from api.courses.demo import DemoAccounts, make_demo
from api.courses.sync import sync_specs, use_newest
from api.db import migrate
from api.db.engine import Database
from api.settings import Settings
from grader.errors import UsageError

Say = Callable[[str], None]


def listen(settings: Settings) -> socket.socket:
    """The socket of the web application: connections wait in it while the application is started again."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        where = f"{settings.host}:{settings.port}"
        raise UsageError(f"Cannot listen on {where} ({error.strerror}): choose another --port.") from error
    return listener


def prepare(settings: Settings, say: Say, *, demo: bool) -> None:
    """Tables, specs, and the demo course if nobody uses the service yet."""
    with closing(Database(settings.database)) as database:
        before = migrate.current(database)
        migrate.upgrade(database)
        if before != migrate.head():
            say(f"The database is ready ({'new' if before is None else 'migrated'}): {_shown(database)}.")
        accounts = make_demo(database, settings.root) if demo else None
        for line in sync_specs(database, settings.root).lines():
            say(line)
        if settings.environment == "development":  # in production an instructor decides
            for moved in use_newest(database):
                say(f"{moved} uses the specs as they are on disk now.")
    if accounts is not None:
        _announce(accounts, settings.home / "demo-accounts.txt", say)


def _announce(accounts: DemoAccounts, path: Path, say: Say) -> None:
    text = accounts.text()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(f"{text}\n")
    say(f"A demo course with {len(accounts.assignments)} assignments. These accounts are in {path}:")
    for line in text.splitlines():
        say(f"    {line}")


def _shown(database: Database) -> str:
    return database.url.render_as_string(hide_password=True)
