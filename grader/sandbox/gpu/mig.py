"""The slices of a GPU that is split (MIG): their uuids, memory and device nodes.

`nvidia-smi -L` has the uuids, `nvidia-smi -q -x` the memory and the instance numbers, and
/proc/driver/nvidia-caps/mig-minors which capability nodes open an instance.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from grader.errors import InfrastructureError

if TYPE_CHECKING:
    from grader.sandbox.gpu.machine import Gpu, Machine

_GPU = re.compile(r"GPU \d+: .+ \(UUID: (GPU-[0-9a-f-]+)\)")
_SLICE = re.compile(r"\s+MIG (\S+)\s+Device\s+(\d+): \(UUID: (MIG-[\w/-]+)\)")
_MINOR = re.compile(r"(gpu\d+/gi\d+(?:/ci\d+)?/access) (\d+)")

Listed = dict[str, list[tuple[str, int, str]]]


def listed(lines: Sequence[str]) -> Listed:
    """From `nvidia-smi -L`: (profile, number, uuid) of each slice, by the uuid of its GPU.

    Raises:
        InfrastructureError: a line is not as expected.
    """
    found: Listed = {}
    own: list[tuple[str, int, str]] = []
    for line in lines:
        if gpu := _GPU.fullmatch(line.rstrip()):
            own = found.setdefault(gpu[1], [])
        elif part := _SLICE.fullmatch(line.rstrip()):
            own.append((part[1], int(part[2]), part[3]))
        else:
            raise InfrastructureError(f"nvidia-smi -L printed a line that is not understood: {line[:200]!r}.")
    return {gpu: slices for gpu, slices in found.items() if slices}


def slices_of(machine: Machine, gpu: Gpu, own: Sequence[tuple[str, int, str]]) -> list[Gpu]:
    """The slices of one GPU, each as a `Gpu`."""
    from grader.sandbox.gpu.machine import Gpu, mebibytes

    # nvidia-smi is the driver's own program: its XML is no stranger's
    tree = ElementTree.fromstring("\n".join(machine.smi("-q", "-x", "-i", gpu.id)))  # noqa: S314
    described = {_number(node, "index"): node for node in tree.iter("mig_device")}
    minors = _minors(machine)
    found = []
    for profile, number, uuid in own:
        node = described.get(number)
        if node is None:
            raise InfrastructureError(f"nvidia-smi -q does not describe the MIG slice {uuid}.")
        instance = f"gpu{gpu.nodes[0].removeprefix('nvidia')}/gi{_number(node, 'gpu_instance_id')}"
        paths = (f"{instance}/access", f"{instance}/ci{_number(node, 'compute_instance_id')}/access")
        nodes = tuple(f"nvidia-caps/nvidia-cap{minors[path]}" for path in paths if path in minors)
        found.append(
            Gpu(
                id=uuid,
                index=gpu.index,
                name=f"{gpu.name} MIG {profile}",
                driver=gpu.driver,
                total_bytes=mebibytes(node.findtext("fb_memory_usage/total", "")) or 0,
                used_bytes=mebibytes(node.findtext("fb_memory_usage/used", "")),
                nodes=(*gpu.nodes, *nodes),
                parent=gpu.id,
            )
        )
    return found


def _number(node: ElementTree.Element, name: str) -> int:
    text = node.findtext(name, "")
    if not text.isdecimal():
        raise InfrastructureError(f"nvidia-smi -q gives {text[:50]!r} as the {name} of a MIG slice.")
    return int(text)


def _minors(machine: Machine) -> dict[str, int]:
    path = machine.root / "proc/driver/nvidia-caps/mig-minors"
    if not path.is_file():
        return {}
    matches = (_MINOR.fullmatch(line.strip()) for line in path.read_text().splitlines())
    return {match[1]: int(match[2]) for match in matches if match}
