"""Which sandboxes the attacks meet: SANDBOX_TESTS=local (the default), docker or runsc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import docker

from grader.sandbox.docker.backend import DockerBackend
from grader.sandbox.docker.options import DockerOptions

KIND = os.environ.get("SANDBOX_TESTS", "local")
# Descriptors by which a harness is asked and answers: one socket, or the container's two pipes.
CHANNEL = {"CHANNEL_IN": 3, "CHANNEL_OUT": 3 if KIND == "local" else 4}
_RUNTIMES = {"docker": "", "runsc": "runsc"}


@contextmanager
def chosen_backend() -> Iterator[DockerBackend | None]:
    """None for the engine's own. Containers, networks and volumes are as before at the end."""
    if KIND == "local":
        yield None
        return
    before = inventory()
    with DockerBackend(DockerOptions(runtime=_RUNTIMES[KIND], warm=2)) as backend:
        yield backend
    assert inventory() == before


def inventory() -> dict[str, set[str]]:
    """What the container engine has."""
    client = docker.from_env()
    try:
        return {
            "containers": {one.id for one in client.containers.list(all=True)},
            "networks": {one.id for one in client.networks.list()},
            "volumes": {one.id for one in client.volumes.list()},
        }
    finally:
        client.close()
