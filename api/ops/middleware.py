"""What surrounds every request: an id, security headers, a cap on its body, metrics, one line in the log."""

from __future__ import annotations

from fastapi import FastAPI

from api.ops.body_cap import BodyCap
from api.ops.headers import SecurityHeaders
from api.ops.methods import KnownMethods
from api.ops.metrics import instrument
from api.ops.requests import RequestLog
from api.settings import Settings


def install(app: FastAPI, settings: Settings) -> None:
    """Put them around the application. The one added last is the outermost."""
    instrument(app)
    app.add_middleware(BodyCap, uploads=settings.upload_bytes)
    app.add_middleware(KnownMethods)
    app.add_middleware(RequestLog)
    app.add_middleware(SecurityHeaders, is_secure=settings.is_secure)
