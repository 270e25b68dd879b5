"""What a message does: look. Which job it was rung for does not matter."""

from __future__ import annotations

from collections.abc import Callable

from celery import Celery

from api.queue.broker import LOOK


def register(app: Celery, look: Callable[[], None]) -> None:
    """Define the one task on the app."""

    @app.task(name=LOOK, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
    def _look(_queue: str) -> None:
        look()
