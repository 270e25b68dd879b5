"""Real PostgreSQL and Redis servers of Debian's packages, on free ports in folders of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psycopg
import redis
from psycopg import sql

_START_SECONDS = 30.0
_PDEATHSIG = ("setpriv", "--pdeathsig", "KILL")  # no server outlives the tests, however they end


class ServerUnavailable(Exception):
    """This machine lacks the server; the message says what to install."""


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until the condition holds. Raises TimeoutError that says what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)


class Redis:
    """A Redis server as compose runs it: append-only file, nothing evicted."""

    def __init__(self) -> None:
        if shutil.which("redis-server") is None:
            raise ServerUnavailable("no Redis here: apt-get install redis-server")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = Path(tempfile.mkdtemp(prefix="tensorgrade-redis-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it (again), on the same port and with what it had saved."""
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)]
        options += ["--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"]
        self._process = _start(("redis-server", *options), self._folder / "log")
        wait_for(self._is_up, _START_SECONDS, "Redis answers")

    def _is_up(self) -> bool:
        with suppress(redis.RedisError):
            return bool(self.call(lambda client: client.ping()))
        return False

    def call(self, what: Callable[[redis.Redis], object]) -> object:
        """Do something with a client of it."""
        with redis.Redis(port=self.port, socket_timeout=5) as client:
            return what(client)

    def flush(self) -> None:
        """Lose everything."""
        self.call(lambda client: client.flushall())

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


class PostgreSql:
    """A PostgreSQL server without passwords, run by an ordinary user as it demands."""

    def __init__(self) -> None:
        binaries = _postgresql_binaries()
        self._user = _ordinary_user()
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="tensorgrade-postgresql-"))
        data = self._folder / "data"
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "tensorgrade", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*self._as_user(), *initdb, "--no-sync", "--locale=C.UTF-8"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
        )
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        options += ["-c", f"port={self.port}", "-c", "fsync=off", "-c", "max_connections=200"]
        command = [*self._as_user(), str(binaries / "postgres"), "-D", str(data), *options]
        self._process = _start(command, self._folder / "log")
        wait_for(self._is_up, _START_SECONDS, "PostgreSQL answers")

    def _as_user(self) -> tuple[str, ...]:
        if self._user is None:
            return _PDEATHSIG
        return (*_PDEATHSIG, f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups")

    def _is_up(self) -> bool:
        with suppress(psycopg.OperationalError):
            self.execute(sql.SQL("SELECT 1"))
            return True
        return False

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://tensorgrade@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: sql.Composable) -> int:
        """Run an administrator's statement; returns how many rows it gave."""
        target = f"postgresql://tensorgrade@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(target, autocommit=True) as connection:
            return connection.execute(statement).rowcount

    def create(self, name: str, template: str = "template1") -> str:
        """Make a database; returns its URL."""
        names = (sql.Identifier(name), sql.Identifier(template))
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(*names))
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def cut(self, name: str) -> int:
        """Cut every connection to a database, as a failing network would; returns how many."""
        return self.execute(
            sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(
                sql.Literal(name)
            )
        )

    def close(self) -> None:
        """End it and remove its folder."""
        self._process.send_signal(signal.SIGINT)  # a fast shutdown
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    prefix = () if command[0] == "setpriv" else _PDEATHSIG
    with log.open("ab") as output:
        return subprocess.Popen(
            [*prefix, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=log.parent
        )


def _postgresql_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise ServerUnavailable("no PostgreSQL here: apt-get install postgresql")
    return Path(on_path).parent


def _ordinary_user() -> pwd.struct_passwd | None:
    """Who shall run PostgreSQL, which refuses to run as root; None: whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]
