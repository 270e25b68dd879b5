"""Finds our own place in the control group hierarchies, version 1 or 2, and opens it for the fork server."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from grader.errors import LimitUnavailable
from grader.sandbox.local.groups import PREFIX, REMEDY, Groups, GroupsV1, GroupsV2, remove_stale

_NEEDED_V1 = ("memory", "pids", "cpuacct")
_MAIN = (
    f"{PREFIX}main"  # version 2: where we move ourselves, to give our own group's controllers to sandboxes
)
_DEAD = ("Z", "X")  # ended, but not yet waited for
_NEEDED_V2 = frozenset(("memory", "pids"))


@dataclass(frozen=True)
class Place:
    """Where this process is in one hierarchy. `controllers` is empty for version 2."""

    controllers: frozenset[str]
    folder: Path
    top: Path  # where the hierarchy is mounted


def version() -> int:
    """Which version of control groups limits memory here."""
    found = places(_text("/proc/self/cgroup"), _text("/proc/self/mountinfo"))
    return 1 if any("memory" in place.controllers for place in found) else 2


def open_groups() -> Groups:
    """Open our own folders, and remove what dead fork servers left there.

    Raises:
        LimitUnavailable: memory or tasks cannot be limited here.
    """
    found = places(_text("/proc/self/cgroup"), _text("/proc/self/mountinfo"))
    by_controller = {name: place for place in found for name in place.controllers}
    if "memory" in by_controller:
        return _open_v1(by_controller)
    return _open_v2(next((place for place in found if not place.controllers), None))


def owner_prefix(pid: int) -> str:
    """How the groups of the fork server with this pid begin."""
    return f"{PREFIX}{pid}-{_start_time(pid)}-"


def places(cgroup_text: str, mountinfo_text: str) -> tuple[Place, ...]:
    """Our own folder in every mounted hierarchy, from /proc/self/cgroup and /proc/self/mountinfo."""
    paths = {}
    for line in cgroup_text.splitlines():
        _, names, path = line.split(":", 2)
        paths[frozenset(names.split(",")) if names else frozenset[str]()] = path
    found = []
    for line in mountinfo_text.splitlines():
        before, _, after = line.partition(" - ")
        root, mount_point = before.split()[3:5]
        kind, _, options = after.split(" ", 2)
        hierarchy = _hierarchy(kind, frozenset(options.split(",")), paths)
        if hierarchy is not None:
            folder = _folder(mount_point, root, paths[hierarchy])
            found.append(Place(hierarchy, folder, Path(mount_point)))
    return tuple(found)


def _hierarchy(kind: str, options: frozenset[str], paths: dict[frozenset[str], str]) -> frozenset[str] | None:
    if kind == "cgroup2":
        return frozenset() if frozenset() in paths else None
    if kind != "cgroup":
        return None
    return next((names for names in paths if names and names <= options), None)


def _folder(mount_point: str, root: str, path: str) -> Path:
    """In a container the mount may show only what is below `root`."""
    if root != "/" and (path + "/").startswith(root + "/"):
        path = path[len(root) :]
    return Path(mount_point) / path.lstrip("/")


def _open_v1(by_controller: dict[str, Place]) -> Groups:
    missing = [name for name in _NEEDED_V1 if name not in by_controller]
    if missing:
        raise LimitUnavailable(f"The control group controllers {', '.join(missing)} are not mounted.", REMEDY)
    memory, pids, cpu = (_opened(by_controller[name].folder) for name in _NEEDED_V1)
    return GroupsV1(memory, pids, cpu)


def _opened(folder: Path) -> int:
    """A descriptor of a folder in which we may make groups."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise LimitUnavailable(
            f"The control group folder {folder} cannot be opened: {error}.", REMEDY
        ) from error
    if not os.access(folder, os.W_OK, effective_ids=True):
        os.close(descriptor)
        raise LimitUnavailable(f"This user may not make control groups in {folder}.", REMEDY)
    remove_stale(descriptor, _is_alive)
    return descriptor


def _open_v2(place: Place | None) -> Groups:
    if place is None:
        raise LimitUnavailable("No control group hierarchy is mounted.", REMEDY)
    own = place.folder.parent if place.folder.name == _MAIN else place.folder
    if not _children_have(own):
        _free(own)
    candidates = [own, *own.parents]
    usable = candidates[: candidates.index(place.top) + 1]
    folder = next((path for path in usable if _children_have(path) and os.access(path, os.W_OK)), None)
    if folder is None:
        text = f"The memory and pids controllers of {own} cannot be given to groups of sandboxes."
        raise LimitUnavailable(text, REMEDY)
    return GroupsV2(_opened(folder))


def _children_have(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return set((folder / "cgroup.subtree_control").read_text().split()) >= _NEEDED_V2
    return False


def _free(folder: Path) -> None:
    """Give our folder's controllers to its children; for that, no process may be in the folder itself.

    Moves this process and the ancestors that share the folder (a shell, make) into a child of it. Where
    others live there too, the kernel would refuse, and nothing is moved.
    """
    leaf = folder / _MAIN
    with contextlib.suppress(OSError):
        inside = {int(word) for word in (folder / "cgroup.procs").read_text().split()}
        if not inside <= set(_ancestors(os.getpid())):
            return
        leaf.mkdir(exist_ok=True)
        for pid in inside:
            (leaf / "cgroup.procs").write_text(str(pid))
        wanted = " ".join(f"+{name}" for name in sorted(_NEEDED_V2))
        (folder / "cgroup.subtree_control").write_text(wanted)


def _ancestors(pid: int) -> list[int]:
    found = []
    while pid > 0:
        found.append(pid)
        pid = int(_stat(pid)[1])
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the third (state) on."""
    return _text(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _start_time(pid: int) -> int:
    return int(_stat(pid)[19])


def _is_alive(pid: int, start_time: int) -> bool:
    try:
        return _start_time(pid) == start_time and _stat(pid)[0] not in _DEAD
    except OSError:
        return False


def _text(path: str) -> str:
    return Path(path).read_text()
