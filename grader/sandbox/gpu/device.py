"""A GPU, and what one line of nvidia-smi says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.errors import InfrastructureError

MIB = 1024**2
_HEX = "[0-9a-f]"
_UUID = rf"GPU-{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_AMOUNT = r"\d+ MiB|\[[^\]]+\]"
_LINE = re.compile(
    rf"(?P<index>\d+), (?P<uuid>{_UUID}), (?P<name>[\w ./()+-]+), (?P<driver>\d+(?:\.\d+)*), "
    rf"(?P<total>{_AMOUNT}), (?P<used>{_AMOUNT}), (?P<bus>[0-9A-F]{{8}}:[0-9A-F]{{2}}:[0-9A-F]{{2}}\.[0-7])"
)


@dataclass(frozen=True)
class Gpu:
    """One GPU or MIG slice, at one moment. `used_bytes` is None if the driver does not say: it is ill."""

    id: str  # its uuid, as CUDA_VISIBLE_DEVICES and Docker's device requests take it
    index: int  # of the GPU, as nvidia-smi counts
    name: str
    driver: str
    total_bytes: int
    used_bytes: int | None
    nodes: tuple[str, ...]  # its own device nodes, below /dev
    parent: str = ""  # the GPU that a slice is of


def parse_line(line: str) -> dict[str, str]:
    """One line of `nvidia-smi --query-gpu=... --format=csv,noheader`.

    Raises:
        InfrastructureError: it is not as expected.
    """
    match = _LINE.fullmatch(line.strip())
    if match is None:
        raise InfrastructureError(
            f"nvidia-smi printed a line that is not understood: {line.strip()[:200]!r}."
        )
    return match.groupdict()


def mebibytes(text: str) -> int | None:
    """ "81559 MiB" in bytes; None for "[N/A]" and the like."""
    return int(text.removesuffix(" MiB")) * MIB if text.endswith(" MiB") else None
