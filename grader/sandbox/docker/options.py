"""What the Docker backend is told once: which image, which engine, how many containers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

SANDBOX_LABEL = "tensorgrade.sandbox"  # on every container of ours, with the value "1"
OWNER_LABEL = "tensorgrade.owner"  # which process started it


@dataclass(frozen=True)
class DockerOptions:
    """How containers are made. Nothing here depends on a submission."""

    image: str = "tensorgrade-sandbox:latest"
    runtime: str = ""  # the engine's default; "runsc" is gVisor
    engine: str = ""  # its URL; else DOCKER_HOST, else the default socket
    warm: int = 2  # ready containers kept per kind of limits
    most: int = 8  # containers at once, warm and in use
    idle_seconds: float = 300.0  # after which unused warm ones go
    gpu_ids: tuple[str, ...] = ()  # devices that containers with `gpus` may get
    gpu_memory_share: float = 1.0  # of each, for one container
    owner: str = ""  # the label's value; one per server process

    def as_message(self) -> dict[str, Any]:
        """As plain data, for the message that configures the server."""
        return dataclasses.asdict(self) | {"gpu_ids": list(self.gpu_ids)}

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> DockerOptions:
        """The inverse of `as_message`."""
        return cls(**(message | {"gpu_ids": tuple(message.get("gpu_ids", ()))}))
