"""The state of the queue as metrics, asked from the database whenever somebody scrapes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.db.base import now
from api.db.engine import Database
from api.db.queue import Job, JobState, Worker

_ALIVE = timedelta(seconds=60)
_WINDOW = timedelta(minutes=15)  # how far back latencies look
_MOST = 5000  # jobs that latencies are computed from
_QUANTILES = (0.5, 0.95, 0.99)


class QueueCollector(Collector):
    """One consistent look per scrape."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        """Nothing in advance: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        with self._database.read() as session:
            moment = now()
            yield from _jobs(session)
            yield from _waiting(session, moment)
            yield from _workers(session, moment)
            yield from _latencies(session, moment)


def _jobs(session: Session) -> Iterator[Metric]:
    jobs = GaugeMetricFamily(
        "tensorgrade_jobs", "Stages of gradings by queue and state.", labels=["queue", "state"]
    )
    dead = 0
    for queue, state, count in session.execute(
        select(Job.queue, Job.state, func.count()).group_by(Job.queue, Job.state)
    ):
        jobs.add_metric([queue, state], count)
        dead += count if state == JobState.DEAD else 0
    yield jobs
    yield GaugeMetricFamily("tensorgrade_dead_letters", "Jobs that an operator has to look at.", value=dead)


def _waiting(session: Session, moment: datetime) -> Iterator[Metric]:
    age = GaugeMetricFamily(
        "tensorgrade_queue_oldest_seconds", "Age of the job that has waited longest.", labels=["queue"]
    )
    depth = GaugeMetricFamily("tensorgrade_queue_depth", "Jobs that wait for a worker.", labels=["queue"])
    for queue, count, oldest in session.execute(
        select(Job.queue, func.count(), func.min(Job.queued_at))
        .where(Job.state == JobState.QUEUED)
        .group_by(Job.queue)
    ):
        depth.add_metric([queue], count)
        age.add_metric([queue], max(0.0, (moment - oldest).total_seconds()))
    yield depth
    yield age


def _workers(session: Session, moment: datetime) -> Iterator[Metric]:
    workers, running, places = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(Worker.running), 0),
            func.coalesce(func.sum(Worker.concurrency), 0),
        ).where(Worker.seen_at > moment - _ALIVE)
    ).one()
    yield GaugeMetricFamily("tensorgrade_workers", "Workers seen in the last minute.", value=workers)
    yield GaugeMetricFamily("tensorgrade_workers_running", "Gradings that they run.", value=running)
    yield GaugeMetricFamily("tensorgrade_workers_places", "Gradings that they could run.", value=places)


def _latencies(session: Session, moment: datetime) -> Iterator[Metric]:
    seconds = GaugeMetricFamily(
        "tensorgrade_stage_seconds",
        "Stages that finished in the last 15 minutes: time waited, run, and both.",
        labels=["stage", "phase", "quantile"],
    )
    durations: dict[tuple[str, str], list[float]] = defaultdict(list)
    for stage, queued, started, finished in session.execute(
        select(Job.stage, Job.queued_at, Job.started_at, Job.finished_at)
        .where(Job.state == JobState.DONE, Job.finished_at > moment - _WINDOW)
        .order_by(Job.finished_at.desc())
        .limit(_MOST)
    ):
        if started is None or finished is None:
            continue
        durations[stage, "wait"].append((started - queued).total_seconds())
        durations[stage, "run"].append((finished - started).total_seconds())
        durations[stage, "total"].append((finished - queued).total_seconds())
    for (stage, phase), values in sorted(durations.items()):
        values.sort()
        for quantile in _QUANTILES:
            seconds.add_metric([stage, phase, str(quantile)], _at(values, quantile))
    yield seconds


def _at(values: Sequence[float], quantile: float) -> float:
    return values[min(len(values) - 1, int(len(values) * quantile))]
