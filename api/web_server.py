"""Runs the web application in this process, with uvicorn.

As a program (`python -m api.web_server DESCRIPTOR`) it is what the supervisor starts.
"""

from __future__ import annotations

import gc
import logging
import socket
import sys

import uvicorn

from api.app import create_app
from api.ops import logs
from api.ops.console import faults, read_settings
from api.settings import Settings

_GOODBYE_SECONDS = 5  # that open answers (event streams) get when we stop
_KEEP_ALIVE_SECONDS = 75
_GARBAGE_THRESHOLD = 10_000  # objects
_SWITCH_SECONDS = 0.0005  # between threads: the one with the database's write lock must not wait long
_LOG = logging.getLogger(__name__)


def run(settings: Settings, descriptor: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT. `descriptor`: a socket that listens already."""
    logs.configure(settings, "web")
    sys.setswitchinterval(_SWITCH_SECONDS)
    if settings.environment == "production" and not settings.is_secure:
        _LOG.warning("Cookies travel without https: set TENSORGRADE_PUBLIC_URL to the https address.")
    app = create_app(settings)
    gc.freeze()  # what start-up made stays: collections need not look at it again and again
    gc.set_threshold(_GARBAGE_THRESHOLD)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # `api.ops.requests` writes that line
        proxy_headers=False,  # `client_address` decides whose X-Forwarded-For counts
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GOODBYE_SECONDS,
    )
    sockets = None if descriptor is None else [socket.socket(fileno=descriptor)]
    uvicorn.Server(config).run(sockets=sockets)


if __name__ == "__main__":
    with faults():
        run(read_settings(), int(sys.argv[1]))
