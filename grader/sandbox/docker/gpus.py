"""Containers with GPUs: never warm, each with a lease of its own.

A warm container would hold a GPU while nobody uses it. So these start cold, once a GPU is theirs, with just
that GPU in their device request; and the GPU is checked when the container is gone. It has the surface of the
pool that it stands in front of; whatever has no GPU goes through.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from grader.sandbox.base import Limits, Result
from grader.sandbox.gpu.lease import Lease, Leases

if TYPE_CHECKING:
    from grader.sandbox.docker.container import Container
    from grader.sandbox.docker.pool import Pool


class GpuPool:
    """A pool, with leases for the containers that have GPUs.

    start: makes a container with these GPUs, by their uuids.
    """

    def __init__(
        self, pool: Pool, leases: Leases, start: Callable[[Limits, tuple[str, ...]], Container]
    ) -> None:
        self._pool = pool
        self._leases = leases
        self._start = start
        self._held: dict[Container, Lease] = {}
        self._lock = threading.Lock()

    def take(self, limits: Limits) -> Container:
        """See `Pool`; with GPUs it may wait for one, a bounded time, and then for the start.

        Raises:
            LimitUnavailable: there are not so many GPUs.
            InfrastructureError: none became free, or the start failed.
        """
        if not limits.gpus:
            return self._pool.take(limits)
        lease = self._leases.lease(limits.gpus)
        try:
            container = self._start(limits, lease.ids)
        except BaseException:
            lease.release()
            raise
        with self._lock:
            self._held[container] = lease
        return container

    def end(self, container: Container, *, wait: bool) -> Result:
        """See `Pool`. A container with a GPU is waited for: only then can the GPU be looked at."""
        with self._lock:
            lease = self._held.pop(container, None)
        if lease is None:
            return self._pool.end(container, wait=wait)
        try:
            return lease.noted(container.stop(wait=True))
        finally:
            threading.Thread(target=lease.release, name="gpu-release", daemon=True).start()

    def ids(self) -> set[str]:
        """See `Pool`."""
        with self._lock:
            return self._pool.ids() | {container.id for container in self._held}

    def close(self) -> None:
        """See `Pool`."""
        with self._lock:
            held, self._held = self._held, {}
        for container, lease in held.items():
            container.stop(wait=True)
            lease.release()
        self._pool.close()
