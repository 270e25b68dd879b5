"""Runs a command as an ordinary user to whom root has delegated control groups.

Python may live below a folder that only root can enter. The command sees such a folder as an empty one with
Python's own folder in it, in a mount namespace of its own.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from grader.sandbox.local import cgroups
from grader.sandbox.local import syscalls as sys_

NOBODY = 65534


def run_as_ordinary_user(command: Sequence[str], seconds: float) -> subprocess.CompletedProcess:
    with _delegated_groups() as folders:
        return subprocess.run(
            command,
            preexec_fn=lambda: _become_nobody(folders),  # this process has one thread
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            timeout=seconds,
        )


@contextmanager
def _delegated_groups() -> Iterator[list[Path]]:
    folders = [parent / f"test-delegation-{os.getpid()}" for parent in _parents()]
    try:
        for folder in folders:
            folder.mkdir()
            for path in (
                folder,
                folder / "tasks",
                folder / "cgroup.procs",
                folder / "cgroup.subtree_control",
            ):
                if path.exists():
                    os.chown(path, NOBODY, NOBODY)
        yield folders
    finally:
        for folder in folders:
            for path in (*folder.glob("*/"), folder):
                path.rmdir()


def _parents() -> list[Path]:
    """Where root's own backend makes its groups."""
    descriptors = cgroups.open_groups().parents
    folders = [Path(f"/proc/self/fd/{descriptor}").readlink() for descriptor in descriptors]
    for descriptor in descriptors:
        os.close(descriptor)
    return folders


def _become_nobody(folders: list[Path]) -> None:
    for folder in folders:
        (folder / "cgroup.procs").write_text("0")
    _make_enterable(Path(sys.base_prefix))
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _make_enterable(path: Path) -> None:
    closed = next((parent for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001), None)
    if closed is None:
        return
    sys_.unshare(sys_.CLONE_NEWNS)
    sys_.mount("", "/", "", sys_.MS_REC | sys_.MS_PRIVATE)
    copy = sys_.copy_mount(str(path))
    sys_.mount("tmpfs", str(closed), "tmpfs", 0, "mode=0755")
    path.mkdir(parents=True)
    sys_.attach_mount(copy, str(path))
