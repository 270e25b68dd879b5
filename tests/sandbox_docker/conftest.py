from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import docker
import pytest
from containers import IMAGE, OWNER, Plain, Room
from docker.errors import DockerException, ImageNotFound
from machine import containers_wanted, unavailable

from grader.sandbox.docker.options import OWNER_LABEL, DockerOptions


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.APIClient]:
    """The real engine."""
    containers_wanted()
    try:
        client = docker.APIClient(base_url=os.environ.get("DOCKER_HOST"), version="auto", timeout=60)
        client.ping()
    except DockerException as error:
        unavailable(f"no Docker engine here: {error}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(engine: docker.APIClient) -> str:
    """The sandbox image."""
    try:
        engine.inspect_image(IMAGE)
    except ImageNotFound:
        unavailable(f"no image {IMAGE}: `make images` builds it")
    return IMAGE


@pytest.fixture(scope="session")
def backend(engine: docker.APIClient, image: str) -> Iterator[Plain]:
    """Starts containers; none is left at the end."""
    made = Plain(engine, DockerOptions(image=image, owner=OWNER))
    yield made
    made.close()
    assert not engine.containers(all=True, filters={"label": f"{OWNER_LABEL}={OWNER}"})


@pytest.fixture
def room(backend: Plain) -> Iterator[Callable[..., Room]]:
    """Puts a source into a sandbox of the given limits; it ends with the test."""
    rooms: list[Room] = []

    def furnish(source: str, **limits: object) -> Room:
        rooms.append(Room(backend, source, **limits))
        return rooms[-1]

    yield furnish
    for made in rooms:
        made.session.stop(wait=True)
