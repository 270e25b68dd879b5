"""The Docker backend as its users see it: the protocol of the fork server, with containers behind it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from grader.sandbox.base import ServedBackend
from grader.sandbox.docker.options import DockerOptions
from grader.sandbox.gpu.options import GpuOptions
from grader.sandbox.local.backend import LocalBackend
from grader.sandbox.served.backend import ServerBackend

_END_SECONDS = 60.0  # containers are removed one by one
_KEPT_VARIABLES = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "HOME", "PATH")


class DockerBackend(ServerBackend):
    """Sandboxes that are single-use containers, by a server of its own.

    options:  which image, which engine, how many containers.
    niceness: how much the server gives way to other processes; the containers are the engine's children.
    gpus:     which ones containers may have; by default all.

    Raises:
        InfrastructureError: the engine does not answer, or it lacks the image; says what to do.
    """

    def __init__(
        self, options: DockerOptions | None = None, niceness: int = 0, gpus: GpuOptions | None = None
    ) -> None:
        kept = {key: os.environ[key] for key in _KEPT_VARIABLES if key in os.environ}
        config = {
            "options": (options or DockerOptions()).as_message(),
            "gpus": (gpus or GpuOptions()).to_dict(),
        }
        super().__init__(
            "docker",
            "grader.sandbox.docker.server",
            config,
            environment={**kept, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            niceness=niceness,
            end_seconds=_END_SECONDS,
        )


def backend_for(
    name: str,
    root: Path,
    *,
    niceness: int = 0,
    options: DockerOptions | None = None,
    gpus: GpuOptions | None = None,
) -> Callable[[], ServedBackend]:
    """How to open the backend that a command line or a setting names.

    root: the folder with test_specs/ and reference/, which no sandbox may see.
    gpus: which ones sandboxes may have; by default all.
    """
    if name == "docker":
        return lambda: DockerBackend(options, niceness, gpus)
    return lambda: LocalBackend(masked=(root,), niceness=niceness, gpus=gpus)
