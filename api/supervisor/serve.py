"""The command `tensorgrade serve`."""

from __future__ import annotations

import http.client
import os
import sys
import time
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import datetime

from api.ops.home import alone
from api.settings import Settings
from api.supervisor.child import Child
from api.supervisor.machine import Examination
from api.supervisor.prepare import listen, prepare
from api.supervisor.watch import Watch
from grader.errors import InfrastructureError

_READY_SECONDS = 120.0
_MARGIN_SECONDS = 10.0  # that children get beyond what they give themselves
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to reach what listens anywhere


@dataclass(frozen=True)
class Parts:
    """Which parts of the service run here."""

    worker: bool = True
    demo: bool = True


def serve(settings: Settings, parts: Parts) -> int:
    """Run the service until it is told to stop; returns the exit status.

    Raises:
        UsageError: the port or the home is taken.
        InfrastructureError: this machine cannot grade.
    """
    with alone(settings.home), closing(listen(settings)) as listener:
        with Examination() if parts.worker else nullcontext() as examination:
            prepare(settings, say, demo=parts.demo and settings.environment == "development")
            if examination is not None:
                _check(examination)
        port = listener.getsockname()[1]
        watch = Watch(
            _children(settings, parts, listener.fileno(), port),
            say,
            stop_seconds=settings.stop_seconds + _MARGIN_SECONDS,
        )
        watch.begin()
        try:
            _run(watch, settings, port)
        finally:
            listener.close()  # new connections are refused from here on
            watch.stop()
    say("Stopped.")
    return 0


def say(line: str) -> None:
    """One line for whoever watches."""
    print(f"{datetime.now().astimezone():%H:%M:%S} serve  {line}", file=sys.stderr, flush=True)


def _children(settings: Settings, parts: Parts, descriptor: int, port: int) -> list[Child]:
    environment = dict(os.environ)
    environment.update(TENSORGRADE_HOME=str(settings.home), TENSORGRADE_ROOT=str(settings.root))
    environment.update(TENSORGRADE_HOST=settings.host, TENSORGRADE_PORT=str(port))
    if "log_format" not in settings.model_fields_set:
        environment["TENSORGRADE_LOG_FORMAT"] = "text"
    python = (sys.executable, "-m")
    web = (*python, "api.web_server", str(descriptor))
    children = [Child("web", web, environment, (descriptor,)) for _ in range(settings.web_processes)]
    if parts.worker:
        children.append(Child("worker", (*python, "api.worker"), environment))
    return children


def _check(examination: Examination) -> None:
    verdict = examination.verdict()
    if not verdict.can_grade:
        raise InfrastructureError(f"{verdict.line} `tensorgrade serve --no-worker` runs all but the grading.")
    say(verdict.line)


def _run(watch: Watch, settings: Settings, port: int) -> None:
    host = _ANYWHERE.get(settings.host, settings.host)
    deadline = time.monotonic() + _READY_SECONDS
    while not _is_ready(host, port):
        if not watch.pause(0.1):
            return
        if time.monotonic() > deadline:
            say(f"Not ready after {_READY_SECONDS:g} s; see the lines above. Still trying.")
            deadline = float("inf")
    say(f"Ready: {settings.public_url or f'http://{host}:{port}'}")
    while watch.pause(3600.0):
        pass


def _is_ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=0.5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (http.client.HTTPException, OSError):
        return False
    finally:
        connection.close()
