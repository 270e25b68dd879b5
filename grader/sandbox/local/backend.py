"""The local backend as its users see it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.sandbox.gpu.options import GpuOptions
from grader.sandbox.served.backend import ServerBackend
from grader.sandbox.served.protocol import Message

HARNESS = "grader.sandbox.local.preload:serve_harness"
_PROJECT = Path(__file__).resolve().parents[3]
_END_SECONDS = 10.0
# Set before the fork server starts: libraries read it when they are loaded, and every sandbox inherits it.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/sandbox/home",
    "TMPDIR": "/sandbox/tmp",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # huge pages for the heap: far fewer page faults
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",  # threads that wait sleep: a spinning one counts as CPU time
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",  # asking for GPUs must not start CUDA: it survives no fork
}


class LocalBackend(ServerBackend):
    """Sandboxes made of Linux namespaces, by a fork server of its own.

    masked: further folders that no sandbox may see; the project's own folder never is.
    entry:  module:function to call in each sandbox with its channel and limits; for tests.
    import_path: folders to import `entry` from.
    niceness: how much they give way to other processes, from 0 to 19.
    gpus: which ones sandboxes may have; by default all.

    Raises:
        LimitUnavailable: this machine lacks something; says what and what to do.
        InfrastructureError: the fork server did not start.
    """

    def __init__(
        self,
        masked: Sequence[Path] = (),
        entry: str = HARNESS,
        import_path: Sequence[Path] = (),
        niceness: int = 0,
        gpus: GpuOptions | None = None,
    ) -> None:
        hidden = [*_project(), *(path.resolve() for path in (*masked, *import_path))]
        config: Message = {
            "entry": entry,
            "import_path": [str(path) for path in import_path],
            "hidden": [str(path) for path in hidden],
            "gpus": (gpus or GpuOptions()).to_dict(),
        }
        super().__init__(
            "local",
            "grader.sandbox.local.server",
            config,
            environment=_ENVIRONMENT,
            niceness=niceness,
            end_seconds=_END_SECONDS,
        )


def _project() -> list[Path]:
    """The folder that grader was imported from, with its specs, unless it is an ordinary site-packages."""
    return [] if _PROJECT.name.endswith("-packages") else [_PROJECT]
