"""A whole worker process: its parts, its start and its end."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterable

from sqlalchemy import select

from api.blobs import BlobStore
from api.db.courses import Assignment
from api.db.engine import Database
from api.ops.worker_metrics import WorkerMetrics
from api.queue.broker import QUEUES
from api.queue.doorbell import Doorbell
from api.settings import Settings
from api.worker.bench import Bench
from api.worker.celery_app import end, make_app, serve
from api.worker.drawer import Drawer
from api.worker.grader import Grader
from api.worker.heart import Heart
from api.worker.places import Places
from api.worker.stages import remove_leftovers
from api.worker.stopping import Told, kill_children
from grader.errors import InfrastructureError, UsageError
from grader.sandbox.base import ServedBackend
from grader.sandbox.docker.backend import backend_for
from grader.sandbox.docker.options import DockerOptions
from grader.sandbox.gpu import GpuOptions, Leases

_FAREWELL_SECONDS = 1.0  # that Celery has to end by itself
_log = logging.getLogger(__name__)


class WorkerProcess:
    """Everything that a worker holds open. One per process: it handles signals."""

    def __init__(self, settings: Settings) -> None:
        self._told = Told()
        queues = _queues(settings)
        self._settings = settings
        self._name = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(3)}"
        self._database = Database(settings.database)
        self._doorbell = Doorbell(settings)
        gpus = _gpus(settings)
        places = _places(settings, queues, gpus)
        self._grader = Grader(
            settings.root,
            niceness=settings.worker_nice,
            open_backend=_sandboxes(settings, places.count, gpus),
        )
        self._metrics = WorkerMetrics()
        blobs = BlobStore(settings.blobs)
        self._drawer = Drawer(settings, self._database, blobs, self._grader)
        self._bench = Bench(
            self._name,
            settings,
            self._database,
            blobs,
            self._doorbell,
            self._grader,
            places,
            self._metrics,
        )
        self._heart = Heart(settings, self._database, self._bench, self._drawer)
        self._is_warm = threading.Event()
        self._ended = threading.Event()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, whenever that comes.

        Raises:
            InfrastructureError: this machine cannot grade.
        """
        stopper = threading.Thread(target=self._stop_when_told, name="stopper", daemon=True)
        stopper.start()
        try:
            self._work()
        except Exception:
            if not self._bench.stopping.is_set():
                raise
            _log.debug("It was told to stop meanwhile.", exc_info=True)
        finally:
            self._told.tell()
            self._ended.set()
            stopper.join()

    def _work(self) -> None:
        remove_leftovers()
        self._grader.warm_up(self._specs_in_use())
        self._is_warm.set()
        self._metrics.serve(self._settings.host, self._settings.metrics_port)
        self._heart.start()
        places = self._bench.places
        _log.info("Worker %s is ready: %s, %d at once.", self._name, ",".join(places.queues), places.count)
        serve(make_app(self._settings, self._look), self._name, places.queues, places.count)

    def _look(self) -> None:
        """What a message does."""
        self._bench.look()
        if not self._bench.stopping.is_set():
            self._drawer.look()

    def _stop_when_told(self) -> None:
        """Runs beside Celery, whose own end waits for all threads and for a broker that may be away."""
        self._told.wait()
        try:
            self._stop()
        except Exception:
            _log.exception("The worker did not stop in order.")
        finally:
            kill_children()  # whatever did not end by itself
            if not self._ended.wait(_FAREWELL_SECONDS):
                os._exit(0)

    def _stop(self) -> None:
        _log.info("Worker %s stops.", self._name)
        end()
        self._drawer.stop()
        is_finished = self._bench.stop(self._settings.stop_seconds)
        if not (is_finished and self._is_warm.is_set()):
            kill_children()  # nobody waits for what they do
        self._heart.stop()
        self._grader.close()
        self._doorbell.close()

    def _specs_in_use(self) -> Iterable[str]:
        with self._database.read() as session:
            return sorted(set(session.scalars(select(Assignment.spec).where(Assignment.is_open))))


def _gpus(settings: Settings) -> GpuOptions:
    return GpuOptions.parse(settings.gpus, settings.gpu_memory_share, settings.gpu_locks)


def _places(settings: Settings, queues: tuple[str, ...], gpus: GpuOptions) -> Places:
    """One per core, but for a worker of GPU stages alone: one per GPU. A GPU has one sandbox at a time."""
    slots = None
    if "gpu" in queues:
        try:
            slots = Leases(gpus).slots()
        except InfrastructureError as error:  # the driver may come back; until then each grading says it
            _log.warning("The GPUs of this machine cannot be counted: %s", error)
    alone = slots if queues == ("gpu",) else None
    return Places(settings.concurrency or alone or len(os.sched_getaffinity(0)), queues, slots or None)


def _sandboxes(settings: Settings, places: int, gpus: GpuOptions) -> Callable[[], ServedBackend]:
    """How the engine opens its backend: enough containers for every place, and some that wait."""
    options = DockerOptions(
        image=settings.sandbox_image,
        runtime=settings.sandbox_runtime,
        engine=settings.sandbox_engine,
        warm=settings.sandbox_warm,
        most=2 * places + 2 * settings.sandbox_warm,
    )
    return backend_for(
        settings.sandbox_backend, settings.root, niceness=settings.worker_nice, options=options, gpus=gpus
    )


def _queues(settings: Settings) -> tuple[str, ...]:
    queues = tuple(name.strip() for name in settings.queues.split(",") if name.strip())
    unknown = sorted(set(queues) - set(QUEUES))
    if unknown or not queues:
        raise UsageError(f"TENSORGRADE_QUEUES is {settings.queues!r}; choose from {', '.join(QUEUES)}.")
    return queues
