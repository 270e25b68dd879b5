"""The one shape of container that the gate lets be made: that of a sandbox.

Every key is named here with what it may be. Go reads keys of JSON without regard to case, so a key in other
letters is unknown here, and refused. Empty values say nothing and are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from grader.errors import TensorgradeError

LABEL = "tensorgrade.sandbox=1"
_LABEL_NAME, _LABEL_VALUE = LABEL.split("=")
_MIB = 1024**2
_TMPFS_PLACES = frozenset({"/sandbox", "/dev/shm", "/tmp"})  # noqa: S108 - inside of the container
_TMPFS_OPTIONS = re.compile(
    "rw|nosuid|nodev|noexec|exec|noatime|size=[0-9]+[kmg]?|nr_inodes=[0-9]+k?|mode=0?[0-7]{3,4}|[ug]id=[0-9]+"
)
_ULIMITS = frozenset(
    {"core", "cpu", "data", "fsize", "memlock", "msgqueue", "nofile", "nproc", "sigpending", "stack"}
)
_NO_PRIORITY = frozenset({"nice", "rtprio"})
_MASKED = frozenset(  # what the engine hides by itself
    {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug"}
    | {"/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware"}
)
_READ_ONLY = frozenset({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"})
_GPU_KEYS = frozenset({"Driver", "Count", "DeviceIDs", "Capabilities", "Options"})
_Test = Callable[[Any], bool]


class Refused(TensorgradeError):
    """A call that the gate does not let through, in a sentence."""


@dataclass(frozen=True)
class Shape:
    """What differs from one course's machine to the next."""

    image: str = "tensorgrade-sandbox:latest"
    seccomp: str = ""  # the profile, JSON; every container must bring just this one,
    gpu_seccomp: str = ""  # but with a GPU this one
    runtimes: frozenset[str] = frozenset({"runc", "runsc", "nvidia"})
    memory_bytes: int = 32 * 1024 * _MIB  # of one container at most
    processes: int = 4096


def checked_body(body: bytes, shape: Shape) -> dict[str, Any]:
    """The configuration in `body`, without what says nothing. Raises `Refused`."""
    try:
        config = json.loads(body.decode(), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise Refused("The gate cannot read this configuration.") from error
    if not isinstance(config, dict):
        raise Refused("The gate cannot read this configuration.")
    said: dict[str, Any] = _said(config)
    host = said.get("HostConfig")
    if not isinstance(host, dict):
        raise Refused("A sandbox needs its HostConfig.")
    _check(said, _container_keys(shape), "")
    profile = shape.gpu_seccomp if "DeviceRequests" in host else shape.seccomp
    _check(host, _host_keys(shape, profile), "HostConfig.")
    if host["MemorySwap"] != host["Memory"]:
        raise Refused("A sandbox has no swap: HostConfig.MemorySwap is to be HostConfig.Memory.")
    return said


def _container_keys(shape: Shape) -> dict[str, tuple[bool, _Test]]:
    """Of every key whether it must be there, and what it may be."""
    return {
        "Image": (True, lambda it: it == shape.image),
        "User": (True, lambda it: _matches(r"[1-9][0-9]{0,8}(:[1-9][0-9]{0,8})?", it)),
        "Labels": (True, _is_ours),
        "HostConfig": (True, lambda it: True),  # by its own table
        "Cmd": (False, _are_texts),
        "Entrypoint": (False, _are_texts),
        "Env": (False, _are_texts),
        "Hostname": (False, lambda it: _matches(r"[a-z0-9-]{1,63}", it)),
        "WorkingDir": (False, lambda it: _matches(r"/[a-z/]{0,60}", it)),
        "StopSignal": (False, lambda it: _matches(r"SIG[A-Z0-9]{1,6}", it)),
        "NetworkDisabled": (False, _is_flag),
        **dict.fromkeys(("AttachStdin", "AttachStdout", "AttachStderr"), (False, _is_flag)),
        **dict.fromkeys(("OpenStdin", "StdinOnce"), (False, _is_flag)),
        "Tty": (False, lambda it: it is False),
        "StopTimeout": (False, lambda it: _is_number(it, 0, 60)),
    }


def _host_keys(shape: Shape, profile: str) -> dict[str, tuple[bool, _Test]]:
    return {
        "NetworkMode": (True, lambda it: it == "none"),
        "ReadonlyRootfs": (True, lambda it: it is True),
        "CapDrop": (True, lambda it: it == ["ALL"]),
        "SecurityOpt": (True, lambda it: _is_confined(it, profile)),
        "PidsLimit": (True, lambda it: _is_number(it, 1, shape.processes)),
        "Memory": (True, lambda it: _is_number(it, 6 * _MIB, shape.memory_bytes)),
        "MemorySwap": (True, lambda it: _is_number(it, 6 * _MIB, shape.memory_bytes)),
        "MemorySwappiness": (False, lambda it: _is_number(it, 0, 0)),
        "MemoryReservation": (False, lambda it: _is_number(it, 0, shape.memory_bytes)),
        "NanoCpus": (True, lambda it: _is_number(it, 1, 1024 * 10**9)),
        "CpuShares": (False, lambda it: _is_number(it, 0, 1024)),
        "CpusetCpus": (False, lambda it: _matches(r"[0-9,-]{1,200}", it)),
        "LogConfig": (True, lambda it: it == {"Type": "none"}),
        "Privileged": (False, lambda it: it is False),
        "Init": (False, _is_flag),
        "AutoRemove": (False, _is_flag),
        "PublishAllPorts": (False, lambda it: it is False),
        "OomKillDisable": (False, lambda it: it is False),
        "OomScoreAdj": (False, lambda it: _is_number(it, 0, 1000)),
        "IpcMode": (False, lambda it: it in ("private", "none")),
        "CgroupnsMode": (False, lambda it: it == "private"),
        "RestartPolicy": (False, lambda it: it in ({"Name": "no"}, {"Name": "no", "MaximumRetryCount": 0})),
        "Runtime": (False, lambda it: isinstance(it, str) and it in shape.runtimes),
        "ShmSize": (False, lambda it: _is_number(it, 0, shape.memory_bytes)),
        "MaskedPaths": (False, lambda it: _are_texts(it) and (_masked(it) >= _MASKED)),
        "ReadonlyPaths": (False, lambda it: _are_texts(it) and set(it) >= _READ_ONLY),
        "Tmpfs": (False, _are_tmpfs),
        "Ulimits": (False, lambda it: isinstance(it, list) and all(_is_ulimit(one) for one in it)),
        "DeviceRequests": (False, lambda it: isinstance(it, list) and all(_is_gpu(one) for one in it)),
    }


def _check(given: Mapping[str, Any], keys: Mapping[str, tuple[bool, _Test]], where: str) -> None:
    for name, value in given.items():
        if name not in keys:
            raise Refused(f"A sandbox has no {where}{name[:40]}.")
        if not keys[name][1](value):
            raise Refused(f"This {where}{name} is not that of a sandbox.")
    for name, (is_needed, _) in keys.items():
        if is_needed and name not in given:
            raise Refused(f"A sandbox needs its {where}{name}.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands there twice")
    return dict(pairs)


def _said(value: Any) -> Any:
    """Without null and empty values, on every level of objects."""
    if not isinstance(value, dict):
        return value
    return {name: _said(one) for name, one in value.items() if one is not None and one not in ("", [], {})}


def _is_ours(labels: Any) -> bool:
    return (
        isinstance(labels, dict)
        and labels.get(_LABEL_NAME) == _LABEL_VALUE
        and all(name.startswith("tensorgrade.") and isinstance(one, str) for name, one in labels.items())
    )


def _is_confined(options: Any, profile: str) -> bool:
    """No new privileges, and the one seccomp profile; nothing else."""
    if not _are_texts(options):
        return False
    profiles = [one.removeprefix("seccomp=") for one in options if one.startswith("seccomp=")]
    rest = {one for one in options if not one.startswith("seccomp=")}
    try:
        is_same = len(profiles) == 1 and json.loads(profiles[0], object_pairs_hook=_object) == json.loads(
            profile
        )
    except (ValueError, RecursionError):
        return False
    return is_same and len(rest) == 1 and rest <= {"no-new-privileges", "no-new-privileges:true"}


def _are_tmpfs(folders: Any) -> bool:
    return isinstance(folders, dict) and all(
        place in _TMPFS_PLACES and _is_tmpfs(options) for place, options in folders.items()
    )


def _is_tmpfs(options: Any) -> bool:
    parts = options.split(",") if isinstance(options, str) else []
    has_bounds = {"nosuid", "nodev"} <= set(parts) and any(one.startswith("size=") for one in parts)
    return has_bounds and all(_TMPFS_OPTIONS.fullmatch(one) for one in parts)


def _is_ulimit(limit: Any) -> bool:
    return (
        isinstance(limit, dict)
        and set(limit) == {"Name", "Soft", "Hard"}
        and isinstance(limit["Name"], str)
        and limit["Name"] in _ULIMITS | _NO_PRIORITY
        and all(_is_number(limit[name], 0, _most(limit["Name"])) for name in ("Soft", "Hard"))
    )


def _most(name: str) -> int:
    return 0 if name in _NO_PRIORITY else 2**53


def _masked(paths: list[str]) -> set[str]:
    """Who hides all of /sys hides its parts."""
    return set(paths) | ({one for one in _MASKED if one.startswith("/sys/")} if "/sys" in paths else set())


def _is_gpu(request: Any) -> bool:
    """A request for GPUs, by number or by name; of no other device, and without options."""
    if not isinstance(request, dict) or set(request) - _GPU_KEYS:
        return False
    names = request.get("DeviceIDs") or []
    return (
        request.get("Driver") in (None, "", "nvidia")
        and (request.get("Count") is None or _is_number(request["Count"], 0, 64))
        and _are_texts(names)
        and all(_matches(r"[A-Za-z0-9:/_-]{1,80}", one) for one in names)
        and request.get("Capabilities") in ([["gpu"]], [["gpu", "compute", "utility"]], [["gpu", "compute"]])
        and not request.get("Options")
    )


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(one, str) for one in values)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _matches(pattern: str, value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None
