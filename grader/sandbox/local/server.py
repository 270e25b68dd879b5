"""The fork server: `python -m grader.sandbox.local.server FD`, started by `LocalBackend`.

Two processes, and a third where there are GPUs (`gpu/desk.py`). The keeper opens the control groups, makes
the namespaces and waits; whatever happens to the server proper, it removes its groups. That one is process 1
of its own pid namespace: when it dies, the kernel ends every sandbox with it. It dies with the keeper, and
ends when its control connection closes.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from grader.errors import InfrastructureError, LimitUnavailable, TensorgradeError
from grader.sandbox.gpu import GpuOptions
from grader.sandbox.gpu.desk import Visitor, open_desk
from grader.sandbox.gpu.machine import Machine as GpuMachine
from grader.sandbox.local import cgroups, filesystem, identity
from grader.sandbox.local import syscalls as sys_
from grader.sandbox.local.groups import Groups, remove_left
from grader.sandbox.local.loop import Loop
from grader.sandbox.local.nursery import Nursery
from grader.sandbox.served import protocol


@dataclass(frozen=True)
class Config:
    """The first message on the control connection."""

    entry: str  # module:function, called in each sandbox with its channel and limits
    import_path: tuple[str, ...]  # folders to import the entry from; sandboxes do not see them
    hidden: tuple[str, ...]  # folders that no sandbox may see
    gpus: GpuOptions


@dataclass(frozen=True)
class Machine:
    """What the keeper prepared."""

    groups: Groups
    group_prefix: str
    ranged: bool  # root over a range of user ids


def main() -> None:
    """Run as the keeper until the server proper has ended."""
    control = socket.socket(fileno=int(sys.argv[1]))
    message, _ = protocol.receive(control)
    if message is None:
        return
    config = Config(
        message["entry"],
        tuple(message["import_path"]),
        tuple(message["hidden"]),
        GpuOptions.from_dict(message["gpus"]),
    )
    gpus = open_desk(config.gpus, [control])
    try:
        machine = _prepare()
    except (TensorgradeError, OSError) as error:
        protocol.send(control, protocol.error_message(error))
        return
    child = os.fork()
    if child == 0:
        _serve(control, config, machine, gpus)
    control.close()
    if gpus is not None:
        gpus.close()
    os.waitpid(child, 0)
    remove_left(machine.groups, machine.group_prefix)


def _prepare() -> Machine:
    groups = cgroups.open_groups()
    prefix = cgroups.owner_prefix(os.getpid())
    ranged = identity.has_user_range() and _may_unshare()
    if not ranged:
        identity.become_namespace_root()
    sys_.unshare(sys_.CLONE_NEWPID)
    return Machine(groups, prefix, ranged)


def _may_unshare() -> bool:
    """Root of a container may be forbidden to make namespaces, unless it makes a user namespace first."""
    try:
        sys_.unshare(sys_.CLONE_NEWCGROUP)
    except PermissionError:
        return False
    return True


def _serve(control: socket.socket, config: Config, machine: Machine, gpus: socket.socket | None) -> NoReturn:
    code = 1
    try:
        sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
        sys_.set_process_name("grader-forks")
        loop = _set_up(control, config, machine, gpus)
        protocol.send(control, {})
        loop.run()
        code = 0
    except Exception as error:  # whatever it is, the backend must hear of it
        protocol.send(control, protocol.error_message(_as_ours(error)))
    finally:
        os._exit(code)


def _as_ours(error: Exception) -> Exception:
    if isinstance(error, TensorgradeError):
        return error
    if isinstance(error, PermissionError):
        return LimitUnavailable(f"This machine forbids what a sandbox needs: {error}.", identity.REMEDY)
    return InfrastructureError(f"The fork server could not start: {type(error).__name__}: {error}")


def _set_up(control: socket.socket, config: Config, machine: Machine, gpus: socket.socket | None) -> Loop:
    # Torch: only after the fork, so that the keeper stays small.
    from grader.sandbox.local import preload, rehearsal

    os.umask(0o022)
    preload.preload()
    rehearsal.rehearse(rounds=1)  # here torch can still read /proc/cpuinfo
    entry = preload.load_entry(config.entry, config.import_path)
    hidden = tuple(Path(name) for name in config.hidden)
    driver = GpuMachine(Path(config.gpus.root))
    nodes = () if gpus is None else tuple(driver.root / "dev" / name for name in driver.all_nodes())
    view = filesystem.python_view(hidden, driver.library_folders() if nodes else ())
    own_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    sys_.unshare(sys_.CLONE_NEWNS)
    filesystem.enter_template(view, nodes)
    preload.preload_inside()
    preload.silence_resource_tracker()
    rehearsal.rehearse()
    preload.forget_paths(hidden)
    preload.settle()
    nursery = Nursery(machine.groups, machine.group_prefix, machine.ranged, entry, own_namespace)
    return Loop(control, nursery, None if gpus is None else Visitor(gpus))


if __name__ == "__main__":
    main()
