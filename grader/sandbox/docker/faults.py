"""What the container engine's library raises, as faults of ours: mapped here and nowhere else."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import requests
from docker import errors, utils

from grader.errors import InfrastructureError
from grader.sandbox.docker.options import DockerOptions

_SECONDS = 60.0  # for one call of the engine
_USUAL = "unix:///var/run/docker.sock"
_ABSENT = (
    "The container engine does not answer: {}. Start it, and let this user reach its socket (DOCKER_HOST, or "
    "TENSORGRADE_SANDBOX_ENGINE for a service). `tensorgrade doctor` tries it."
)


@contextmanager
def engine_faults() -> Iterator[None]:
    """Whatever goes wrong with the engine in here is an InfrastructureError with a remedy."""
    try:
        yield
    except errors.ImageNotFound as error:
        raise InfrastructureError(
            f"The container engine has no such image: {error.explanation}. "
            "`make images` builds it; TENSORGRADE_SANDBOX_IMAGE names another."
        ) from error
    except errors.APIError as error:
        raise InfrastructureError(f"The container engine refused: {error.explanation or error}.") from error
    except (errors.DockerException, requests.RequestException, OSError) as error:
        raise InfrastructureError(_ABSENT.format(error)) from error


def connect(options: DockerOptions) -> docker.APIClient:
    """A connection to the engine that the options name.

    Raises:
        InfrastructureError: it does not answer.
    """
    with engine_faults():
        settings = utils.kwargs_from_env()
        if options.engine:
            settings["base_url"] = options.engine
        _listens(settings.get("base_url") or _USUAL)
        client = docker.APIClient(**settings, timeout=_SECONDS, num_pools=os.cpu_count() or 1)
        client.ping()
        return client


def _listens(url: str) -> None:
    """Raises `OSError` where nobody does. The library would leave the socket of a failed try open."""
    scheme, _, path = url.partition("://")
    if scheme in {"unix", "http+unix"}:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect("/" + path.lstrip("/"))
