"""What a container has used so far, in two ways.

Where this process sees the control groups of the engine's containers (it runs on the same machine, or has
/sys/fs/cgroup), it reads them: exact, and in microseconds. Else it listens to the engine's statistics, which
come once a second: CPU limits are then enforced that much later, and what a submission of half a second used
is not known.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import docker
import requests
from docker.errors import DockerException

from grader.sandbox.docker.endings import Reading

_GROUPS = Path("/sys/fs/cgroup")
_PLACES = ("docker/{0}", "system.slice/docker-{0}.scope")  # by cgroupfs, by systemd
_FILE_PAUSE, _ENGINE_PAUSE = 0.25, 1.0


class Meter(Protocol):
    """Knows what one container has used."""

    @property
    def pause(self) -> float:
        """Seconds after which a look shows something new."""

    def read(self) -> Reading | None:
        """The newest reading; None if there is none (yet, or any more)."""

    def close(self) -> None:
        """Nobody looks any more."""


def meter_for(client: docker.APIClient, identity: str) -> Meter:
    """The better one of the two."""
    return GroupMeter.find(identity) or EngineMeter(client, identity)


@dataclass(frozen=True)
class GroupMeter:
    """Reads control groups."""

    cpu: Path
    memory: Path
    version: int
    pause: float = _FILE_PAUSE

    @classmethod
    def find(cls, identity: str, top: Path = _GROUPS) -> GroupMeter | None:
        """The groups of a running container, if they can be seen from here."""
        for place in _PLACES:
            name = place.format(identity)
            if (top / name / "cpu.stat").exists() and (top / name / "memory.current").exists():
                return cls(top / name, top / name, 2)
            if (top / "cpuacct" / name).exists() and (top / "memory" / name).exists():
                return cls(top / "cpuacct" / name, top / "memory" / name, 1)
        return None

    def read(self) -> Reading | None:
        """See `Meter`."""
        try:
            return self._version_1() if self.version == 1 else self._version_2()
        except (OSError, ValueError):  # it has ended
            return None

    def _version_1(self) -> Reading:
        return Reading(
            cpu_seconds=_number(self.cpu / "cpuacct.usage") / 1e9,
            peak_memory_bytes=_number(self.memory / "memory.max_usage_in_bytes"),
            memory_limit=_number(self.memory / "memory.limit_in_bytes"),
        )

    def _version_2(self) -> Reading:
        used = dict(line.split() for line in (self.cpu / "cpu.stat").read_text().splitlines())
        peak = self.memory / "memory.peak"  # since Linux 5.19
        limit = (self.memory / "memory.max").read_text().strip()
        return Reading(
            cpu_seconds=int(used["usage_usec"]) / 1e6,
            peak_memory_bytes=_number(peak if peak.exists() else self.memory / "memory.current"),
            memory_limit=1 << 62 if limit == "max" else int(limit),
        )

    def close(self) -> None:
        """Nothing is open."""


class EngineMeter:
    """Listens to the engine's statistics until the container ends."""

    pause = _ENGINE_PAUSE

    def __init__(self, client: docker.APIClient, identity: str) -> None:
        self._client = client
        self._identity = identity
        self._last: Reading | None = None
        self._closed = False
        threading.Thread(target=self._listen, name=f"meter-{identity[:12]}", daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(DockerException, requests.RequestException, OSError, ValueError):
            while not self._closed:
                stats: dict[str, Any] = self._client.stats(self._identity, stream=False, one_shot=True)
                found = Reading.of(stats)
                if not found.cpu_seconds:  # it has ended
                    return
                self._last = found
                time.sleep(_ENGINE_PAUSE / 4)  # an engine that answers at once must not be asked all the time

    def read(self) -> Reading | None:
        """See `Meter`."""
        return self._last

    def close(self) -> None:
        """See `Meter`."""
        self._closed = True


def _number(path: Path) -> int:
    return int(path.read_text())
