"""The Celery side of a worker: a thread pool that takes messages and looks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import setup_logging, worker_shutting_down

from api.queue.broker import broker_app
from api.settings import Settings
from api.worker.tasks import register


def make_app(settings: Settings, look: Callable[[], None]) -> Celery:
    """An app whose task calls `look`."""
    app = broker_app(settings)
    app.set_current()
    register(app, look)
    return app


def serve(
    app: Celery, name: str, queues: Sequence[str], concurrency: int, on_stop: Callable[[], None]
) -> None:
    """Take messages until SIGTERM or SIGINT; `on_stop` is called when that comes."""

    def _stop(**_: Any) -> None:
        on_stop()

    worker_shutting_down.connect(_stop, weak=False)
    setup_logging.connect(_leave_logging_alone, weak=False)
    warnings.filterwarnings("ignore", category=SecurityWarning)  # of pickled messages: ours are JSON
    worker = app.Worker(
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


def _leave_logging_alone(**_: Any) -> None:
    """As long as somebody takes part in it, Celery does not set logging up by itself."""
