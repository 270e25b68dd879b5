"""Prometheus metrics of one worker, on a port of its own (`TENSORGRADE_METRICS_PORT`)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)


class WorkerMetrics:
    """What a worker counts. Safe from every thread."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._gradings = Counter(
            "tensorgrade_gradings",
            "Stages that this worker ran, by outcome (done, failed, lost, given_back).",
            ["stage", "outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "tensorgrade_grading_seconds",
            "How long they ran.",
            ["stage"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._sandboxes = Counter("tensorgrade_sandbox_starts", "Sandboxes started.", registry=self.registry)
        self.running = Gauge("tensorgrade_running", "Gradings that run now.", registry=self.registry)

    def ran(self, stage: str, outcome: str, seconds: float, sandboxes: int = 0) -> None:
        """A stage has ended."""
        self._gradings.labels(stage, outcome).inc()
        self._seconds.labels(stage).observe(seconds)
        self._sandboxes.inc(sandboxes)

    def serve(self, host: str, port: int) -> None:
        """Answer scrapes in a thread until the process ends; port 0: do not."""
        if port:
            start_http_server(port, host, self.registry)
