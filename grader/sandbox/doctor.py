"""What this machine can enforce: every check tries the real thing, in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from grader.errors import TensorgradeError
from grader.sandbox.base import Limits
from grader.sandbox.local import LocalBackend, cgroups, checks, groups, identity
from grader.sandbox.local.checks import CheckFailed

_TORCH = "import json, torch; print(json.dumps([torch.__version__, torch.cuda.device_count()]))"
_STARTS = 5
_KERNEL = "Use Linux 5.12 or later, on x86_64 or aarch64; elsewhere use the docker backend."
_FILES = (
    "Let this user mount inside its own namespaces; a container may need `--privileged` or an unmasked /proc."
)


@dataclass(frozen=True)
class Check:
    """One thing that was tried.

    required: whether sandboxes cannot be started without it.
    detail:   what was seen; where it failed, why.
    remedy:   what to do about it, '' if nothing is wrong.
    """

    name: str
    ok: bool
    required: bool
    detail: str
    remedy: str


def examine() -> tuple[Check, ...]:
    """Try everything, most basic first. Takes some seconds, most of them for importing torch."""
    system = _check("system", checks.system, _KERNEL)
    if not system.ok:
        return (system,)
    local = (*_kernel_checks(), *_group_checks(), *_torch_checks())
    return (system, *local, *_docker_checks(), _sandbox_check())


def _docker_checks() -> list[Check]:
    """Of the other backend: nothing of it is required."""
    from grader.sandbox.docker import doctor  # with the engine's library, which nobody else here needs

    return [
        Check(found.name, found.ok, False, found.detail, "" if found.ok else found.remedy)
        for found in doctor.examine()
    ]


def _kernel_checks() -> list[Check]:
    kinds = ("mount", "pid", "net", "ipc", "uts", "cgroup")
    return [
        _check("user namespaces", _apart(checks.user_namespaces), identity.REMEDY, note=_apparmor()),
        *(
            _check(f"{kind} namespace", _apart(partial(checks.namespace, kind)), identity.REMEDY)
            for kind in kinds
        ),
        _check("file system", _apart(checks.read_only_tree), f"{_FILES} {_KERNEL}"),
        _check("seccomp", _apart(checks.system_call_filter), "Use a kernel with CONFIG_SECCOMP_FILTER."),
        _check(
            "huge pages",
            _apart(checks.huge_pages),
            "Linux 6.1 or later starts sandboxes faster.",
            required=False,
        ),
    ]


def _group_checks() -> list[Check]:
    note = f"control groups version {cgroups.version()}"
    tries = {
        "memory limit": checks.memory_limit,
        "task limit": checks.task_limit,
        "CPU clock": checks.cpu_clock,
    }
    return [_check(name, _apart(action), groups.REMEDY, note=note) for name, action in tries.items()]


def _torch_checks() -> list[Check]:
    try:
        version, count = json.loads(_output_of([sys.executable, "-c", _TORCH]))
    except CheckFailed as error:
        return [Check("torch", False, True, str(error), "Install torch: see README.md.")]
    gpu = f"{count} GPU" if count else "torch sees none"
    gpu_remedy = "Needed only by assignments with limits.gpus above 0."
    return [
        Check("torch", True, True, f"torch {version}", ""),
        Check("GPU", bool(count), False, gpu, "" if count else gpu_remedy),
    ]


def _sandbox_check() -> Check:
    """The whole thing: a fork server and some sandboxes."""
    remedy = "Mend what the checks above report."
    try:
        return Check("sandbox", True, True, _start_some(), "")
    except TensorgradeError as error:
        return Check("sandbox", False, True, str(error), getattr(error, "remedy", remedy))


def _start_some() -> str:
    times = []
    with LocalBackend() as backend:
        for _ in range(_STARTS):
            before = time.perf_counter()
            sandbox = backend.start(Limits())
            times.append(time.perf_counter() - before)
            sandbox.stop()
    return f"ready in {statistics.median(times) * 1000:.1f} ms"


def _check(
    name: str, action: Callable[[], str], remedy: str, *, required: bool = True, note: str = ""
) -> Check:
    try:
        detail, ok = action(), True
    except CheckFailed as error:
        detail, ok = str(error), False
    return Check(name, ok, required, f"{detail} ({note})" if note else detail, "" if ok else remedy)


def _apart(action: Callable[[], str]) -> Callable[[], str]:
    return partial(checks.in_child, action)


def _apparmor() -> str:
    """Ubuntu lets a user make a user namespace, but takes away what it is good for."""
    switch = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    restricted = switch.exists() and switch.read_text().strip() == "1" and os.geteuid() != 0
    return "restricted by AppArmor" if restricted else ""


def _output_of(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own interpreter
    if done.returncode:
        last = (done.stderr.strip() or "it printed nothing").splitlines()[-1]
        raise CheckFailed(f"it cannot be imported: {last}")
    return done.stdout
