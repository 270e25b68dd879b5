"""A backend without a pool: each sandbox is a container that was started for it."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from typing import Any

import docker

from grader.errors import InfrastructureError
from grader.intake.model import Submission
from grader.proxy.remote import ask
from grader.proxy.session import LoadPlan, Session
from grader.sandbox.base import Limits, Result
from grader.sandbox.docker.container import Container
from grader.sandbox.docker.options import DockerOptions
from grader.wire import messages as m

IMAGE = os.environ.get("TENSORGRADE_SANDBOX_IMAGE", "tensorgrade-sandbox:latest")
OWNER = f"tests:{os.getpid()}"


class Served:
    """A container and our end of its channel."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.channel, theirs = socket.socketpair()
        container.serve(theirs)

    def stop(self, *, wait: bool = True) -> Result:
        try:
            return self.container.stop(wait=wait)
        finally:
            self.channel.close()


class Plain:
    """Starts containers, one after another."""

    name = "docker"

    def __init__(self, client: docker.APIClient, options: DockerOptions) -> None:
        self.client = client
        self.options = options
        self.made: list[Container] = []

    def start(self, limits: Limits) -> Served:
        container = Container.start(self.client, self.options, limits)
        self.made.append(container)
        return Served(container)

    def close(self) -> None:
        for container in self.made:
            with contextlib.suppress(InfrastructureError):  # a test broke it
                container.stop(wait=True)


class Room:
    """One sandbox with a file of Python in it."""

    def __init__(self, backend: Plain, source: str, **limits: Any) -> None:
        files = {"solution.py": source.encode()}
        submission = Submission("solution.py", "0" * 64, files, "solution.py")
        plan = LoadPlan(call_seconds=60.0)
        self.session = Session(backend, Limits(**limits), submission, plan)
        self.session.ready()
        self.module = ask(self.session, lambda _: m.Import("solution"))

    @property
    def container(self) -> Container:
        return self.session._sandbox.container  # type: ignore[union-attr]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return getattr(self.module, name)  # type: ignore[no-any-return]
