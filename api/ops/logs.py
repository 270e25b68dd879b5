"""Logs: one line per event on stderr, JSON for machines or text for people.

Whatever is bound to the current context (`bind(submission_id=...)`) is part of every line written there,
also in the threads that serve a request.

Whoever reads the logs cannot sign in or join with what is in them: links of invitations and API tokens are
left out. Nor can a request repaint the terminal of whoever reads them: control characters are spelled out.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from api.settings import Settings

_CONTEXT: ContextVar[Mapping[str, Any]] = ContextVar("log_context", default={})  # noqa: B039 - never changed
_STANDARD = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {
    "message",
    "asctime",
    "taskName",
}
_QUIET = ("alembic", "botocore", "celery", "httpcore", "httpx", "kombu", "uvicorn")  # their warnings only
_SECRETS = re.compile(r"(/invitations/|\btg_)[A-Za-z0-9_-]{40,}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_CONTROLS_BUT_LINES = re.compile(r"(?![\n\t])" + _CONTROLS.pattern)


@contextmanager
def bind(**fields: Any) -> Iterator[None]:
    """Put fields on every line that is logged within the `with`."""
    token = _CONTEXT.set({**_CONTEXT.get(), **fields})
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def bound() -> Mapping[str, Any]:
    """What is bound now."""
    return _CONTEXT.get()


def configure(settings: Settings, service: str) -> None:
    """Set up the logs of this process, once, at its entry point. `service` is api, worker or serve."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service) if settings.log_format == "json" else Lines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


class JsonLines(logging.Formatter):
    """One JSON object per line, with what is bound and what was given as `extra`."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
            **_CONTEXT.get(),
            **_extra(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _without_secrets(json.dumps(line, default=str))


class Lines(logging.Formatter):
    """One readable line: time, service, message, and what is bound."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line, with a traceback below it if there is one."""
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        level = "" if record.levelno <= logging.INFO else f"{record.levelname}: "
        fields = " ".join(f"{name}={value}" for name, value in _CONTEXT.get().items() if name != "request_id")
        line = _spelled(f"{at} {self._service:6} {level}{record.getMessage()}{' ' if fields else ''}{fields}")
        if record.exc_info:
            line += f"\n{_spelled(self.formatException(record.exc_info), _CONTROLS_BUT_LINES)}"
        return _without_secrets(line)


def _spelled(text: str, which: re.Pattern[str] = _CONTROLS) -> str:
    return which.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _without_secrets(line: str) -> str:
    return _SECRETS.sub(r"\1***", line)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
