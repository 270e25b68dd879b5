"""Server-sent events: looks at a submission again and again, and tells what is new."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import anyio
from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.db.engine import Database
from api.submissions.events import Event, Watch

MEDIA_TYPE = "text/event-stream"
_FASTEST_SECONDS = 0.05
_GRADING_SECONDS = 0.25  # between two looks, at most, while a worker runs it
_QUEUED_SECONDS = 0.5  # and while it waits
_SLOWER = 1.3  # each look that finds nothing
_HEARTBEAT_SECONDS = 10.0
_LONGEST_SECONDS = 3600.0  # then the client connects again
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def stream(database: Database, watch: Watch) -> Response:
    """The answer: 204, which tells browsers to stop, if the client has seen the end already."""
    if watch.cursor.is_end:
        return Response(status_code=204)
    return StreamingResponse(_pieces(database, watch), media_type=MEDIA_TYPE, headers=_HEADERS)


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
