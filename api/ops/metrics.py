"""Prometheus metrics of the web application: requests as they pass, the queue as the database has it."""

from __future__ import annotations

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_fastapi_instrumentator import Instrumentator

from api.ops.queue_metrics import QueueCollector
from api.services import Services

_NOT_COUNTED = ["^/metrics$", "^/healthz$", "^/readyz$"]


def instrument(app: FastAPI) -> None:
    """Count and time requests by route, in a registry of this app's own."""
    app.state.metrics = CollectorRegistry()
    Instrumentator(
        excluded_handlers=_NOT_COUNTED,
        should_group_status_codes=False,
        should_exclude_streaming_duration=True,
        registry=app.state.metrics,
    ).instrument(app, metric_namespace="tensorgrade")


def exposition(app: FastAPI, services: Services) -> bytes:
    """Everything, in Prometheus' text format."""
    queue = CollectorRegistry()
    queue.register(QueueCollector(services.database))
    return generate_latest(app.state.metrics) + generate_latest(queue)
