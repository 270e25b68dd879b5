"""What the fork server imports before the first sandbox, so that no sandbox pays for it.

A process that has computed with torch on several threads makes its forked children hang in their first
parallel operation. So nothing here starts a thread, and `settle` makes sure.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import socket
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing import resource_tracker
from pathlib import Path
from typing import cast

from grader.errors import InfrastructureError
from grader.harness.torchvision_compat import declare_missing_operators
from grader.sandbox.base import Limits
from grader.sandbox.local import filesystem
from grader.sandbox.local.hugepages import collapse_heap
from grader.sandbox.local.spawn import Entry

# What honest homework touches. Anything else can still be imported in a sandbox, at the sandbox's cost.
_MODULES = (
    "numpy",
    "torch",
    "torch.nn.functional",
    "torch.nn.utils.parametrizations",
    "torch.optim.lr_scheduler",
    "torch.autograd.functional",
    "torch.func",
    "torch.utils.data",
    "torch._dynamo",  # the first optimizer imports it: 1 s
    "grader.harness.main",
)
_OPTIONAL = ("torchvision", "torchvision.transforms.v2", "torchvision.datasets", "tqdm")
_WITH_FILES = ("matplotlib.pyplot",)  # keeps files in the home folder


def preload() -> None:
    """Import all of it."""
    for name in _MODULES:
        importlib.import_module(name)
    declare_missing_operators()
    _import_installed(_OPTIONAL)


def preload_inside() -> None:
    """Import what remembers where its files are, seeing the file system as a sandbox does."""
    with filesystem.scratch():
        preload_with_files()


def preload_with_files() -> None:
    """Import what keeps files in the home folder, which has to be there."""
    _import_installed(_WITH_FILES)


def _import_installed(names: Sequence[str]) -> None:
    for name in names:
        if importlib.util.find_spec(name.partition(".")[0]) is not None:
            importlib.import_module(name)


def silence_resource_tracker() -> None:
    """Let multiprocessing report its shared memory to nobody.

    Its tracker is a program of its own, which sandboxes may not run; whatever it would tidy up goes with the
    sandbox. Descriptor 2 is /dev/null there.
    """
    setattr(resource_tracker._resource_tracker, "_fd", 2)  # noqa: B010  private, so unknown to mypy


def load_entry(name: str, import_path: Sequence[str]) -> Entry:
    """The function `module:function` that serves in each sandbox."""
    sys.path[:0] = import_path
    module, _, function = name.partition(":")
    return cast("Entry", getattr(importlib.import_module(module), function))


def forget_paths(hidden: Sequence[Path]) -> None:
    """Drop import paths that sandboxes cannot see."""
    shown = (entry for entry in sys.path if entry)
    sys.path[:] = [entry for entry in shown if not any(_is_within(entry, path) for path in hidden)]


def _is_within(entry: str, hidden: Path) -> bool:
    path = Path(entry).resolve()
    return path.is_relative_to(hidden) and not path.name.endswith("-packages")


def settle() -> None:
    """Get ready to be forked: nothing for the collector to touch, one thread only, and CUDA not started.

    Raises:
        InfrastructureError: an import started a thread, whose locks children would inherit, or CUDA, which
        works in no child of the process that started it.
    """
    tempfile.tempdir = None  # chosen before the sandbox's own folder existed
    gc.collect()
    gc.freeze()
    collapse_heap()
    if open_nodes := _open_gpu_nodes():
        raise InfrastructureError(
            f"The fork server has started CUDA with its imports: {open_nodes} are open."
        )
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise InfrastructureError(
            f"The fork server has {threads} threads after its imports; it must have one."
        )


def _open_gpu_nodes() -> list[str]:
    """Device nodes of the driver that this process has open."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the descriptor of the folder itself
            found.append(str(link.readlink()))
    return [path for path in found if Path(path).name.startswith("nvidia")]


def serve_harness(channel: socket.socket, limits: Limits) -> None:
    """The entry of every real sandbox."""
    from grader.harness import main

    main.serve(channel, threads=limits.threads, output_bytes=limits.output_bytes)
