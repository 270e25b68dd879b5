"""The Celery side of a worker: a thread pool that takes messages and looks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery
from celery.apps.worker import Worker
from celery.platforms import EX_OK, SecurityWarning
from celery.signals import setup_logging
from celery.worker import state

from api.queue.broker import broker_app
from api.settings import Settings
from api.worker.tasks import register


def make_app(settings: Settings, look: Callable[[], None]) -> Celery:
    """An app whose task calls `look`."""
    app = broker_app(settings)
    app.set_current()
    register(app, look)
    return app


def serve(app: Celery, name: str, queues: Sequence[str], concurrency: int) -> None:
    """Take messages until `end`."""
    setup_logging.connect(_leave_logging_alone, weak=False)
    warnings.filterwarnings("ignore", category=SecurityWarning)  # of pickled messages: ours are JSON
    worker = _Worker(
        app=app,
        hostname=name,
        pool="threads",
        concurrency=concurrency,
        queues=list(queues),
        loglevel=None,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()


def end() -> None:
    """Let `serve` return soon, also if it has not begun. From any thread."""
    state.should_stop = EX_OK


class _Worker(Worker):  # type: ignore[misc]  # Celery has no types
    """A Celery worker that leaves signals to the process that it is a part of."""

    def install_platform_tweaks(self, worker: object) -> None:
        """None."""


def _leave_logging_alone(**_: Any) -> None:
    """As long as somebody takes part in it, Celery does not set logging up by itself."""
