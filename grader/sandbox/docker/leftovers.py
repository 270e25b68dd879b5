"""Containers that a dead server left behind: found by their labels, and removed by the next one.

Whether an owner is dead is known only where its process would be seen: on the same host and in the same pid
namespace. Elsewhere, as in a worker's container that was killed and started again, a container whose owner
died ends by itself, because its stdin closes; a minute later nobody can still want it.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.sandbox.docker.faults import engine_faults
from grader.sandbox.docker.options import OWNER_LABEL, SANDBOX_LABEL

if TYPE_CHECKING:
    import docker

_YOUNG_SECONDS = 180.0  # one of our own may still be getting ready, and not be known yet
_ENDED_SECONDS = 60.0  # a living owner looks at the end of a sandbox at once
_DEAD_STATES = frozenset("ZX")
_log = logging.getLogger(__name__)


def owner_of(pid: int) -> str:
    """What a process calls itself on its containers: host and pid namespace, pid, start time."""
    return f"{_place()}:{pid}:{_started(pid)}"


def remove_left(client: docker.APIClient, owner: str, known: Collection[str]) -> int:
    """Remove what dead servers left, and what `owner`, who knows `known`, has lost sight of; how many.

    Raises:
        InfrastructureError: the engine does not answer.
    """
    with engine_faults():
        found = client.containers(all=True, filters={"label": f"{SANDBOX_LABEL}=1"})
    left = [one for one in found if one["Id"] not in known and _is_left(client, one, owner)]
    for one in left:
        _remove(client, one["Id"])
    if left:
        _log.warning("Removed %d containers that a dead server left behind.", len(left))
    return len(left)


def _is_left(client: docker.APIClient, found: dict[str, Any], owner: str) -> bool:
    label = (found.get("Labels") or {}).get(OWNER_LABEL, "")
    if label == owner:
        return bool(time.time() - found["Created"] > _YOUNG_SECONDS)
    return is_dead(label) or (found.get("State") == "exited" and _ended_before(client, found["Id"]))


def is_dead(owner: str) -> bool:
    """Whether this owner's process would be seen here, and is not."""
    place, _, rest = owner.partition(":")
    pid, _, started = rest.partition(":")
    if place != _place() or not pid.isdigit():
        return False
    try:
        return _started(int(pid)) != started
    except OSError:
        return True


def _ended_before(client: docker.APIClient, container: str) -> bool:
    with suppress(Exception):  # it is being removed, or says no time that we understand
        text = client.inspect_container(container)["State"]["FinishedAt"]
        ended = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
        return (datetime.now(UTC) - ended).total_seconds() > _ENDED_SECONDS
    return False


def _remove(client: docker.APIClient, container: str) -> None:
    with suppress(Exception):  # somebody else removes it, or the next look does
        client.remove_container(container, force=True, v=True)


def _place() -> str:
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    return f"{socket.gethostname().replace(':', '-')}.{namespace}"


def _started(pid: int) -> str:
    """When a process started, in ticks since boot; OSError if there is none."""
    fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    if fields[0] in _DEAD_STATES:
        raise ProcessLookupError(pid)
    return fields[19]
