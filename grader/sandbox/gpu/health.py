"""Whether a GPU is fit for the next sandbox: it answers, and its memory is as free as before the first one.

The driver frees and clears a process's memory when the process ends, which takes a moment. Memory that is not
free after that belongs to somebody who still lives, or is lost: then the GPU is set aside, for an operator.
A file says so to every process of the machine, and stays until somebody removes it or the machine restarts.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from grader.errors import InfrastructureError
from grader.sandbox.gpu.device import MIB, Gpu
from grader.sandbox.gpu.machine import Machine

PATIENCE = 10.0  # seconds until a dead process's memory is free; a context takes about one
_PAUSE = 0.1
_SLACK = 64 * MIB  # what the driver itself may need more or less
_MOST_BASELINE = 0.05  # of the memory in use before any sandbox: more means that somebody else uses it
_log = logging.getLogger(__name__)


class Ill(InfrastructureError):
    """A GPU cannot be used; the text says why."""


class Health:
    """What is known of GPUs, in files beside the locks."""

    def __init__(self, machine: Machine, folder: Path, patience: float = PATIENCE) -> None:
        self._machine = machine
        self._folder = folder
        self._patience = patience

    def check(self, gpu: Gpu) -> int:
        """Wait until its memory is free, a bounded time. To be called with its lock held.

        Returns:
            The bytes in use without any sandbox.

        Raises:
            Ill: it does not answer, or its memory is not free; it is set aside.
        """
        deadline = time.monotonic() + self._patience
        while True:
            used = self._used(gpu)
            baseline = self._baseline(gpu, used)
            if used <= baseline + _SLACK:
                return baseline
            if time.monotonic() >= deadline:
                amounts = f"{used // MIB} MiB are in use with no sandbox on it"
                raise self.set_aside(gpu, f"{amounts}; {baseline // MIB} MiB would be normal")
            time.sleep(_PAUSE)

    def reason_aside(self, gpu: Gpu) -> str | None:
        """Why a GPU is set aside, or None."""
        try:
            return self._aside(gpu).read_text("utf-8").strip() or "no reason is noted"
        except FileNotFoundError:
            return None

    def set_aside(self, gpu: Gpu, why: str) -> Ill:
        """No sandbox gets it any more. The error tells the operator."""
        text = f"The GPU {gpu.id} ({gpu.name}) is set aside: {why}."
        _log.error("%s When it is well again, remove %s.", text, self._aside(gpu))
        self._aside(gpu).write_text(f"{why}\n", "utf-8")
        return Ill(text)

    def _used(self, gpu: Gpu) -> int:
        try:
            now = next((one for one in self._machine.gpus() if one.id == gpu.id), None)
        except InfrastructureError as error:
            raise self.set_aside(gpu, str(error).rstrip(".")) from error
        if now is None or now.used_bytes is None:
            raise self.set_aside(gpu, "nvidia-smi does not list it any more, or not its memory")
        return now.used_bytes

    def _baseline(self, gpu: Gpu, used: int) -> int:
        """Noted when the GPU is used for the first time since the machine started."""
        path = self._folder / f"{file_name(gpu)}.baseline"
        try:
            return int(path.read_text())
        except (FileNotFoundError, ValueError):
            pass
        most = int(gpu.total_bytes * _MOST_BASELINE) + _SLACK
        if used > most:
            return most - _SLACK  # nothing is noted: it may be a sandbox of a worker that has just died
        path.write_text(f"{used}\n")
        return used

    def _aside(self, gpu: Gpu) -> Path:
        return self._folder / f"{file_name(gpu)}.aside"


def file_name(gpu: Gpu) -> str:
    """Its uuid, which older drivers write with slashes for slices."""
    return gpu.id.replace("/", "_")
