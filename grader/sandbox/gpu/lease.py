"""One GPU (or MIG slice, or declared share of one) per sandbox, over all processes of a machine.

A lease is a lock (flock) on a file named after the GPU: the kernel lets go of it when its holder dies,
however that happens. The GPU is checked with the lock held, before a sandbox gets it and after it is gone.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.errors import InfrastructureError, LimitUnavailable
from grader.sandbox.base import Result
from grader.sandbox.gpu.device import Gpu
from grader.sandbox.gpu.health import PATIENCE, Health, Ill, file_name
from grader.sandbox.gpu.machine import Machine
from grader.sandbox.gpu.options import GpuOptions
from grader.sandbox.gpu.watch import Watch

_PAUSE = 0.1
_WAIT_SECONDS = 45.0  # for a GPU to be free; a start must be answered within 60


@dataclass
class Lease:
    """GPUs that are one sandbox's until `release`, which must come after the sandbox has ended."""

    gpus: tuple[Gpu, ...]
    nodes: tuple[str, ...]  # every device node that the sandbox needs, below /dev
    memory_share: float
    _locks: list[int]
    _health: Health
    _watch: Watch | None
    _is_released: bool = field(default=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ids(self) -> tuple[str, ...]:
        """For CUDA_VISIBLE_DEVICES, and for `DeviceIDs` of a Docker device request."""
        return tuple(gpu.id for gpu in self.gpus)

    @property
    def name(self) -> str:
        """What the result says: the model, each once."""
        return ", ".join(dict.fromkeys(gpu.name for gpu in self.gpus))

    @property
    def peak_bytes(self) -> int | None:
        """The most memory used until now; None where sandboxes share the GPU: nobody can tell then."""
        return None if self._watch is None else self._watch.peak

    def noted(self, result: Result) -> Result:
        """The result of a sandbox with what it used of the GPU."""
        usage = replace(
            result.usage,
            gpu_name=self.name,
            gpu_driver=self.gpus[0].driver,
            peak_gpu_memory_bytes=self.peak_bytes,
        )
        return replace(result, usage=usage)

    def release(self) -> None:
        """Check that the GPU is as before, or set it aside, and give it back. Safe to call twice."""
        with self._lock:
            if self._is_released:
                return
            self._is_released = True
        if self._watch is not None:
            self._watch.stop()
            for gpu in self.gpus:
                with suppress(Ill):  # it is set aside, and the log says why
                    self._health.check(gpu)
        _let_go(self._locks)


class Leases:
    """Hands out the GPUs of this machine. Safe to use from several threads and processes."""

    def __init__(
        self, options: GpuOptions, wait_seconds: float = _WAIT_SECONDS, patience: float = PATIENCE
    ) -> None:
        self.options = options
        self.machine = Machine(Path(options.root))
        self._wait_seconds = wait_seconds
        self._health = Health(self.machine, options.lock_folder, patience)

    def slots(self) -> int:
        """How many sandboxes with one GPU can run at once.

        Raises:
            InfrastructureError: the driver does not answer.
        """
        return len(self.chosen()) * self.options.sharers

    def chosen(self) -> tuple[Gpu, ...]:
        """The GPUs that the options name, well or ill."""
        ids = set(self.options.ids)
        gpus = self.machine.gpus() if ids else ()
        return tuple(gpu for gpu in gpus if ids & {"all", gpu.id, gpu.parent, str(gpu.index)})

    def aside(self) -> dict[str, str]:
        """The GPUs that are set aside, and why."""
        reasons = {gpu.id: self._health.reason_aside(gpu) for gpu in self.chosen()}
        return {name: reason for name, reason in reasons.items() if reason is not None}

    def lease(self, count: int = 1, told: Callable[[int], None] = lambda _peak: None) -> Lease:
        """GPUs for one sandbox; waits a bounded time if others have them.

        told: called with each new peak of memory, from another thread.

        Raises:
            LimitUnavailable: this machine has not so many.
            InfrastructureError: all are busy, or none is well.
        """
        found = self._check(count)
        deadline = time.monotonic() + self._wait_seconds
        while True:
            self._check_well(found, count)
            lease = self._try(found, count, told)
            if lease is not None:
                return lease
            if time.monotonic() >= deadline:
                raise InfrastructureError(f"No GPU became free within {self._wait_seconds:g} s.")
            time.sleep(_PAUSE)

    def _check(self, count: int) -> tuple[Gpu, ...]:
        if not 0 < self.options.memory_share <= 1:
            text = f"A GPU memory share of {self.options.memory_share} cannot be given."
            raise LimitUnavailable(text, "Set it above 0 and to at most 1.")
        if not self.machine.has_driver:
            raise no_gpu(count)
        found = self.chosen()
        if len(found) < count:
            text = f"gpus = {count}: {len(found)} GPUs are for sandboxes here ({','.join(self.options.ids)})."
            raise LimitUnavailable(text, "Set TENSORGRADE_GPUS, or ask for fewer.")
        return found

    def _check_well(self, found: tuple[Gpu, ...], count: int) -> None:
        well = [gpu for gpu in found if self._health.reason_aside(gpu) is None]
        if len(well) < count:
            reasons = {gpu.id: self._health.reason_aside(gpu) for gpu in found if gpu not in well}
            aside = "; ".join(f"{name}: {why}" for name, why in reasons.items())
            raise InfrastructureError(f"gpus = {count}: only {len(well)} GPUs are well. Set aside: {aside}.")

    def _try(self, found: tuple[Gpu, ...], count: int, told: Callable[[int], None]) -> Lease | None:
        """All or none, so that two who want two never wait for each other."""
        gpus: list[Gpu] = []
        locks: list[int] = []
        baselines = {}
        try:
            for gpu in found:
                if len(gpus) < count and self._health.reason_aside(gpu) is None and self._take(gpu, locks):
                    with suppress(Ill):
                        baselines[gpu.id] = self._ready(gpu)
                        gpus.append(gpu)
        except BaseException:
            _let_go(locks)
            raise
        if len(gpus) < count:
            _let_go(locks)
            return None
        nodes = dict.fromkeys((*self.machine.common_nodes(), *(node for gpu in gpus for node in gpu.nodes)))
        watch = Watch(self.machine, baselines, told) if self.options.sharers == 1 else None
        return Lease(tuple(gpus), tuple(nodes), self.options.memory_share, locks, self._health, watch)

    def _ready(self, gpu: Gpu) -> int:
        return self._health.check(gpu) if self.options.sharers == 1 else 0

    def _take(self, gpu: Gpu, locks: list[int]) -> bool:
        """Lock one of its slots, if one is free."""
        folder = self.options.lock_folder
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        for slot in range(self.options.sharers):
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(folder / f"{file_name(gpu)}.{slot}.lock", flags, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                locks.append(descriptor)
                return True
        return False


def no_gpu(count: int) -> LimitUnavailable:
    """What to say where there is none."""
    text = (
        f"gpus = {count}: sandboxes have no GPU here (no /dev/nvidiactl, no nvidia-smi, or TENSORGRADE_GPUS"
    )
    return LimitUnavailable(f"{text} is none).", "Grade this where there is one, or install NVIDIA's driver.")


def _let_go(locks: list[int]) -> None:
    for descriptor in locks:
        os.close(descriptor)
    locks.clear()
