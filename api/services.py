"""What a process of the service works with, made once from its settings and handed to whatever needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.blobs import BlobStore
from api.db.engine import Database
from api.limiter import Limiter
from api.queue.doorbell import Doorbell
from api.settings import Settings


@dataclass(frozen=True)
class Services:
    """The parts of a running service."""

    settings: Settings
    database: Database
    blobs: BlobStore
    doorbell: Doorbell
    limiter: Limiter

    @classmethod
    def open(cls, settings: Settings) -> Services:
        """Connect to everything that the settings name."""
        return cls(
            settings,
            Database(settings.database),
            BlobStore(settings.blobs),
            Doorbell(settings),
            Limiter(settings),
        )

    def close(self) -> None:
        """Disconnect."""
        self.doorbell.close()
        self.database.close()


def services(request: Request) -> Services:
    """Those of the app that serves this request."""
    found: Services = request.app.state.services
    return found


Running = Annotated[Services, Depends(services)]
