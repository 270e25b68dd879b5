"""Server-sent events: looks at a submission again and again, and tells what is new."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import anyio
from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.db.engine import Database
from api.errors import TooManyRequests
from api.submissions.events import Event, Watch

MEDIA_TYPE = "text/event-stream"
_FASTEST_SECONDS = 0.05
_GRADING_SECONDS = 0.25  # between two looks, at most, while a worker runs it
_QUEUED_SECONDS = 0.5  # and while it waits
_SLOWER = 1.3  # each look that finds nothing
_HEARTBEAT_SECONDS = 10.0
_LONGEST_SECONDS = 300.0  # then the client connects again, and is asked again who it is
MOST = 30  # streams of one user at a time, in one process: each asks the database several times a second
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Readers:
    """How many streams each user has open."""

    def __init__(self) -> None:
        self._open: Counter[uuid.UUID] = Counter()
        self._lock = threading.Lock()

    def check(self, user_id: uuid.UUID) -> None:
        """Raises `TooManyRequests` if there can be no further one."""
        if self._open[user_id] >= MOST:
            raise TooManyRequests(
                f"You follow {MOST} submissions at once: close some of their pages.",
                headers={"Retry-After": "10"},
                retry_after=10,
            )

    @contextmanager
    def reading(self, user_id: uuid.UUID) -> Iterator[None]:
        """Counts for the time of the `with`."""
        with self._lock:
            self._open[user_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._open[user_id] -= 1
                self._open += Counter()  # forgets those who have none


_READERS = Readers()


def stream(database: Database, watch: Watch, user_id: uuid.UUID) -> Response:
    """The answer: 204, which tells browsers to stop, if the client has seen the end already.

    Raises `TooManyRequests` for a user who has too many streams open.
    """
    if watch.cursor.is_end:
        return Response(status_code=204)
    _READERS.check(user_id)
    return StreamingResponse(_counted(database, watch, user_id), media_type=MEDIA_TYPE, headers=_HEADERS)


async def _counted(database: Database, watch: Watch, user_id: uuid.UUID) -> AsyncIterator[str]:
    """Counted only once the answer begins: one that never does would be counted for ever."""
    with _READERS.reading(user_id):
        async for piece in _pieces(database, watch):
            yield piece


async def _pieces(database: Database, watch: Watch) -> AsyncIterator[str]:
    yield "retry: 1000\n\n"
    started = spoken = time.monotonic()
    pause = _FASTEST_SECONDS
    while time.monotonic() - started < _LONGEST_SECONDS:
        events = await run_in_threadpool(_look, database, watch)
        for event in events:
            yield _text(event)
        if watch.cursor.is_end:
            return
        if not events and time.monotonic() - spoken >= _HEARTBEAT_SECONDS:
            yield ": still here\n\n"
            spoken = time.monotonic()
        spoken = time.monotonic() if events else spoken
        pause = _pause(watch, pause, is_new=bool(events))
        await anyio.sleep(pause)


def _look(database: Database, watch: Watch) -> list[Event]:
    with database.read() as session:
        return watch.look(session)


def _pause(watch: Watch, last: float, *, is_new: bool) -> float:
    """Until the next look: short after something happened, then longer and longer."""
    if is_new and not watch.is_queued:
        return _FASTEST_SECONDS
    return min(last * _SLOWER, _QUEUED_SECONDS if watch.is_queued else _GRADING_SECONDS)


def _text(event: Event) -> str:
    return f"id: {event.id}\nevent: {event.kind}\ndata: {event.data}\n\n"
