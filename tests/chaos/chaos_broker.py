"""What can happen to messages: lost, repeated, late."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import redis
from servers import Redis


class Broker(Protocol):
    """The messages that wait."""

    def take(self) -> list[Any]:
        """Remove them all; `put` brings them back."""

    def put(self, messages: list[Any]) -> None:
        """Deliver these (again)."""

    def fail(self) -> None:
        """Go away without a word."""

    def recover(self) -> None:
        """Be there again, empty."""


@dataclass
class RedisBroker:
    """Celery on Redis: each queue is a list."""

    server: Redis

    def take(self) -> list[Any]:
        """See `Broker`."""
        taken: list[Any] = []
        self.server.call(lambda client: taken.extend(_take(client)))
        return taken

    def put(self, messages: list[Any]) -> None:
        """See `Broker`."""
        for queue, message in messages:
            self.server.call(lambda client, queue=queue, message=message: client.lpush(queue, message))

    def fail(self) -> None:
        """See `Broker`."""
        self.server.kill()

    def recover(self) -> None:
        """See `Broker`."""
        self.server.start()
        self.server.flush()


def _take(client: redis.Redis) -> Iterator[tuple[str, bytes]]:
    for queue in client.scan_iter(_type="list"):
        while (message := client.rpop(queue)) is not None:
            yield queue.decode(), message


@dataclass
class FileBroker:
    """Celery on files: each message is one, below the service's home."""

    home: Path

    def take(self) -> list[Any]:
        """See `Broker`."""
        aside = Path(tempfile.mkdtemp(dir=self.home, prefix="taken-"))
        taken = []
        for path in self.home.rglob("*.msg"):
            if path.parent.name.startswith(("taken-", "processed")):
                continue
            try:
                shutil.move(path, aside / path.name)
            except FileNotFoundError:
                continue  # a worker was faster
            taken.append((aside / path.name, path))
        return taken

    def put(self, messages: list[Any]) -> None:
        """See `Broker`."""
        for number, (kept, path) in enumerate(messages):
            temporary = path.with_suffix(f".{number}.tmp")
            shutil.copy(kept, temporary)
            name = path.name if not path.exists() else f"{number}{path.name}"
            temporary.rename(path.with_name(name))

    def fail(self) -> None:
        """Files do not go away; losing them all is the worst."""
        self.take()

    def recover(self) -> None:
        """Nothing to do."""
