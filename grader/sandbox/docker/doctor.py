"""What the container engine of this machine offers: each line was tried. None of it is needed by `local`."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import Any

import docker

from grader.errors import InfrastructureError
from grader.sandbox.base import Limits
from grader.sandbox.docker import faults, leftovers
from grader.sandbox.docker.container import Container
from grader.sandbox.docker.options import DockerOptions

RUNTIMES = ("runc", "runsc", "nvidia")


@dataclass(frozen=True)
class Finding:
    """One thing that was tried; see `grader.sandbox.doctor.Check`."""

    name: str
    ok: bool
    detail: str
    remedy: str


def examine(options: DockerOptions | None = None) -> tuple[Finding, ...]:
    """Try the engine, the image and one container; where one is missing, what builds on it is left out."""
    chosen = replace(options or DockerOptions(), owner=leftovers.owner_of(os.getpid()))
    try:
        client = faults.connect(chosen)
    except InfrastructureError as error:
        return (Finding("docker engine", False, str(error), "Needed only by the docker backend."),)
    try:
        return (*_engine(client), *_image(client, chosen))
    except InfrastructureError as error:
        return (Finding("docker engine", False, str(error), "Look at the engine's own log."),)
    finally:
        client.close()


def _engine(client: docker.APIClient) -> list[Finding]:
    with faults.engine_faults():
        version, info = client.version(), client.info()
    groups = f"control groups version {info.get('CgroupVersion') or '1'}"
    found = f"version {version['Version']}, {info.get('Driver', 'no storage driver')}, {groups}"
    return [Finding("docker engine", True, found, ""), _runtimes(info)]


def _runtimes(info: dict[str, Any]) -> Finding:
    there = info.get("Runtimes") or {}
    words = [f"{name} {'yes' if name in there else 'no'}" for name in RUNTIMES]
    return Finding("docker runtimes", "runc" in there, ", ".join(words), "Reinstall the container engine.")


def _image(client: docker.APIClient, options: DockerOptions) -> list[Finding]:
    try:
        with faults.engine_faults():
            size = client.inspect_image(options.image)["Size"]
    except InfrastructureError as error:
        return [Finding("docker image", False, str(error), "`make images` builds it.")]
    return [
        Finding("docker image", True, f"{options.image}, {size / 1e9:.1f} GB", ""),
        _container(client, options),
    ]


def _container(client: docker.APIClient, options: DockerOptions) -> Finding:
    before = time.perf_counter()
    try:
        container = Container.start(client, options, Limits())
        seconds = time.perf_counter() - before
        container.stop()
    except InfrastructureError as error:
        remedy = getattr(error, "remedy", "See what the engine says, and docs/operating.md.")
        return Finding("docker sandbox", False, str(error), remedy)
    return Finding("docker sandbox", True, f"ready in {seconds * 1000:.0f} ms without a pool", "")
