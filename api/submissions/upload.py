"""Streams the body of an upload to disk, and stops as soon as it is too much."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.blobs import BlobStore
from api.errors import BadRequest, TooLarge, Unavailable
from api.submissions.form import Caps, Form

_LOG = logging.getLogger(__name__)
_BATCH = 2**18  # bytes handed to a thread at once: a homework costs one hop
_DRAINED_BYTES = 2**22
_DRAINED_SECONDS = 2.0
_AROUND = 2**20  # of the body that may be something other than content


@asynccontextmanager
async def uploading(request: Request, store: BlobStore, caps: Caps) -> AsyncIterator[Form]:
    """The form of a request, received completely. Its scratch files are gone after the `with`.

    Raises:
        BadRequest, Unprocessable, Unsupported, TooLarge: see `Form`.
        Unavailable: the disk is full, or the like.
    """
    if _announced(request) > caps.bytes + _AROUND:
        await _drain(request, 0)
        raise caps.too_large()
    form = Form(request.headers.get("content-type", ""), store, caps)
    try:
        await _feed(request, form, caps)
        yield form
    except OSError as error:
        _LOG.exception("An upload could not be kept.")
        raise Unavailable("The upload could not be stored now. Try again in a minute.") from error
    finally:
        form.discard()


async def _feed(request: Request, form: Form, caps: Caps) -> None:
    waiting, total = bytearray(), 0
    try:
        async for chunk in request.stream():
            waiting += chunk
            total += len(chunk)
            if total > caps.bytes + _AROUND:
                raise caps.too_large()
            if len(waiting) >= _BATCH:
                await run_in_threadpool(form.feed, bytes(waiting))
                waiting.clear()
    except TooLarge:
        await _drain(request, total)
        raise
    except ClientDisconnect as error:
        raise BadRequest("The upload was cut off. Send it again.", kind="incomplete") from error
    await run_in_threadpool(_feed_last, form, bytes(waiting))


async def _drain(request: Request, received: int) -> None:
    """Read on for a moment: many clients look at the answer only when they have sent everything."""
    announced = _announced(request)
    left = min(_DRAINED_BYTES, announced - received) if announced else _DRAINED_BYTES
    with anyio.move_on_after(_DRAINED_SECONDS), suppress(RuntimeError):
        while left > 0:
            message = await request.receive()
            left -= len(message.get("body", b""))
            if not message.get("more_body", False):
                return


def _feed_last(form: Form, data: bytes) -> None:
    form.feed(data)
    form.finish()


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0
