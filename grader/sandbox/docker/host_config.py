"""What a container is asked to be: the body of the engine's create call, from `Limits` and options alone.

Every field of `Limits` is in it, or is watched from outside (wall and CPU seconds of all processes: see
`container.py`; printed bytes: the harness). What this engine cannot enforce is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.errors import LimitUnavailable
from grader.sandbox.base import MIB, Limits
from grader.sandbox.docker import profile
from grader.sandbox.docker.options import OWNER_LABEL, SANDBOX_LABEL, DockerOptions
from grader.sandbox.limits import check, of_a_process

USER = 10001  # of the image
HARNESS_BYTES = 256 * MIB  # what Python with torch takes by itself; in a local sandbox the fork server has it
_INIT_TASKS = 1  # the container's init is a task too
_SHARED_MEMORY = 64 * MIB  # of the tmpfs, for /dev/shm; at most a quarter
_START_CPU_SECONDS = 60  # imports count for RLIMIT_CPU, which is a second line only
_NEEDED = {
    "MemoryLimit": "memory",
    "SwapLimit": "swap accounting",
    "PidsLimit": "pids",
    "CpuCfsQuota": "CPU quota",
}
# The engine's own list, and /sys: serial numbers and devices of the host are nobody's business.
_MASKED = [
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/keys",
    "/proc/kmsg",
    "/proc/latency_stats",
    "/proc/modules",
    "/proc/sys/kernel",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
]
_MASKED_WITHOUT_GPU = ["/sys"]
_MASKED_WITH_GPU = ["/sys/firmware"]
_READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


@dataclass(frozen=True)
class Machine:
    """What an engine says of its machine."""

    cpus: int
    cgroup_version: int
    missing: tuple[str, ...] = ()  # limits that its kernel lacks
    runtimes: tuple[str, ...] = ()

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Machine:
        """From the engine's answer to `info`."""
        missing = tuple(name for key, name in _NEEDED.items() if not info.get(key))
        return cls(
            cpus=int(info.get("NCPU") or 1),
            cgroup_version=int(info.get("CgroupVersion") or 1),
            missing=missing,
            runtimes=tuple(info.get("Runtimes") or ()),
        )


def cpus(limits: Limits, machine: Machine) -> int:
    """How many processors its container may use at a time."""
    return min(max(1, limits.threads), machine.cpus)


def create_body(limits: Limits, options: DockerOptions, machine: Machine) -> dict[str, Any]:
    """The body of POST /containers/create.

    Raises:
        LimitUnavailable: a limit that this engine cannot enforce.
    """
    _check(limits, options, machine)
    return {
        "Image": options.image,
        "Cmd": _command(limits, options),
        "User": f"{USER}:{USER}",
        "Hostname": "sandbox",
        "WorkingDir": "/",
        "Tty": False,
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "NetworkDisabled": True,
        "Labels": {SANDBOX_LABEL: "1", OWNER_LABEL: options.owner},
        "HostConfig": _host_config(limits, options, machine),
    }


def _command(limits: Limits, options: DockerOptions) -> list[str]:
    """The arguments of `inside.py`."""
    words = ["--threads", str(limits.threads), "--output-bytes", str(limits.output_bytes)]
    return words + (["--gpu-memory-share", f"{options.gpu_memory_share:g}"] if limits.gpus else [])


def _host_config(limits: Limits, options: DockerOptions, machine: Machine) -> dict[str, Any]:
    memory = limits.memory_bytes + HARNESS_BYTES
    body: dict[str, Any] = {
        "NetworkMode": "none",
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "Privileged": False,
        "ReadonlyRootfs": True,
        "Tmpfs": _tmpfs(limits),
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={profile.text(gpu=limits.gpus > 0)}"],
        "MaskedPaths": _MASKED + (_MASKED_WITH_GPU if limits.gpus else _MASKED_WITHOUT_GPU),
        "ReadonlyPaths": _READ_ONLY,
        "PidsLimit": limits.processes + _INIT_TASKS,
        "Memory": memory,
        "MemorySwap": memory,  # of both together: no swap
        "NanoCpus": cpus(limits, machine) * 10**9,
        "Ulimits": _ulimits(limits),
        "OomScoreAdj": 500,  # where the whole machine runs out, sandboxes go before services
        "Init": True,
        "LogConfig": {"Type": "none", "Config": {}},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "AutoRemove": False,
    }
    if machine.cgroup_version == 1:
        body["MemorySwappiness"] = 0  # version 2 has no such thing
    if options.runtime:
        body["Runtime"] = options.runtime
    if limits.gpus:
        body["DeviceRequests"] = [_gpus(limits, options)]
    return body


def _tmpfs(limits: Limits) -> dict[str, str]:
    """Two places to write, which share what `Limits` allows."""
    shared, shared_files = min(_SHARED_MEMORY, limits.tmp_bytes // 4), limits.tmp_files // 4
    folders = 5  # four of our own and the root
    places = {
        "/sandbox": (limits.tmp_bytes - shared, limits.tmp_files - shared_files + folders),
        "/dev/shm": (shared, shared_files + 1),  # noqa: S108  in the container
    }
    return {
        path: f"rw,nosuid,nodev,noexec,size={size},nr_inodes={files},mode=0700,uid={USER},gid={USER}"
        for path, (size, files) in places.items()
    }


def _ulimits(limits: Limits) -> list[dict[str, Any]]:
    """As the local backend's `resources.apply`: soft and hard alike."""
    wanted = of_a_process(limits, _START_CPU_SECONDS)
    return [{"Name": name, "Soft": value, "Hard": value} for name, value in wanted.items()]


def _gpus(limits: Limits, options: DockerOptions) -> dict[str, Any]:
    ids = list(options.gpu_ids[: limits.gpus])
    return {"Driver": "", "Count": 0, "DeviceIDs": ids, "Capabilities": [["gpu", "compute", "utility"]]}


def _check(limits: Limits, options: DockerOptions, machine: Machine) -> None:
    check(limits)
    if machine.missing:
        raise LimitUnavailable(
            f"The Docker engine's kernel cannot limit: {', '.join(machine.missing)}.",
            "Turn on the control groups for it; for swap boot with swapaccount=1.",
        )
    if options.runtime and options.runtime not in machine.runtimes:
        raise LimitUnavailable(
            f"The Docker engine has no runtime {options.runtime}.",
            f"Install it, or use one of: {', '.join(machine.runtimes)}.",
        )
    if limits.gpus > len(options.gpu_ids):
        raise LimitUnavailable(
            f"gpus = {limits.gpus}, but {len(options.gpu_ids)} may be used here.",
            "Name the GPUs that sandboxes may have in the settings, or set gpus = 0.",
        )
