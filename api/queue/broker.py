"""The Celery app that doorbells and workers share. Messages are JSON and carry nothing but a queue's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from celery import Celery

from api.settings import Settings

QUEUES = ("quick", "slow", "gpu")
LOOK = "tensorgrade.look"  # the one task: look for work
_POLL_SECONDS = 0.02
_KEY_PREFIX = "tensorgrade:"
_REDIS_SECONDS = 0.5  # to connect, and for an answer, when ringing


def broker_app(settings: Settings, *, impatient: bool = False) -> Celery:
    """A Celery app on the settings' broker. Nothing is connected yet.

    impatient: a broker that is away is an error at once, for those who only ring.
    """
    app = Celery("tensorgrade", broker=_address(settings), set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=False,  # a message is only a doorbell: the database keeps the jobs
        task_queues={name: {"exchange": name, "routing_key": name} for name in QUEUES},
        task_default_queue=QUEUES[0],
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_transport_options(settings, impatient),
    )
    if _is_folder(settings):
        app.conf.broker_transport = "api.queue.folder:Transport"
    return app


def _is_folder(settings: Settings) -> bool:
    return settings.broker.startswith("filesystem:")


def _transport_options(settings: Settings, impatient: bool) -> dict[str, Any]:
    if _is_folder(settings):
        return _folder_options(settings.home / "broker")
    options: dict[str, Any] = {
        "visibility_timeout": int(4 * max(settings.quick_seconds, settings.slow_seconds, 900.0)),
        "global_keyprefix": _KEY_PREFIX,
        "socket_keepalive": True,
    }
    if impatient:
        options |= {
            "socket_connect_timeout": _REDIS_SECONDS,
            "socket_timeout": _REDIS_SECONDS,
            "max_retries": 0,
            "interval_start": 0,
            "interval_max": 0,
        }
    return options


def _folder_options(folder: Path) -> dict[str, Any]:
    messages, control = folder / "messages", folder / "control"
    messages.mkdir(parents=True, exist_ok=True)
    control.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "polling_interval": _POLL_SECONDS,
    }


def _address(settings: Settings) -> str:
    """With a host, where the broker has none: Kombu warns otherwise."""
    return "filesystem://localhost" if _is_folder(settings) else settings.broker
