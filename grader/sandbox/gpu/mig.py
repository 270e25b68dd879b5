"""The slices of a GPU that is split (MIG): their uuids, memory and device nodes.

`nvidia-smi -L` has the uuids, `nvidia-smi -q -x` the memory and the instance numbers, and
/proc/driver/nvidia-caps/mig-minors which capability nodes open an instance.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from grader.errors import InfrastructureError
from grader.sandbox.gpu.device import Gpu, mebibytes

_GPU = re.compile(r"GPU \d+: .+ \(UUID: (GPU-[0-9a-f-]+)\)")
_SLICE = re.compile(r"\s+MIG (\S+)\s+Device\s+(\d+): \(UUID: (MIG-[\w/-]+)\)")
_MINOR = re.compile(r"(gpu\d+/gi\d+(?:/ci\d+)?/access) (\d+)")

Slices = Sequence[tuple[str, int, str]]  # profile, number, uuid


def listed(lines: Sequence[str]) -> dict[str, Slices]:
    """From `nvidia-smi -L`: (profile, number, uuid) of each slice, by the uuid of its GPU.

    Raises:
        InfrastructureError: a line is not as expected.
    """
    found: dict[str, list[tuple[str, int, str]]] = {}
    own: list[tuple[str, int, str]] = []
    for line in lines:
        if gpu := _GPU.fullmatch(line.rstrip()):
            own = found.setdefault(gpu[1], [])
        elif part := _SLICE.fullmatch(line.rstrip()):
            own.append((part[1], int(part[2]), part[3]))
        else:
            raise InfrastructureError(f"nvidia-smi -L printed a line that is not understood: {line[:200]!r}.")
    return {gpu: slices for gpu, slices in found.items() if slices}


def slices_of(gpu: Gpu, own: Slices, xml: str, mig_minors: str) -> list[Gpu]:
    """The slices of one GPU, each as a `Gpu`.

    own:        from `listed`.
    xml:        of `nvidia-smi -q -x` for this GPU.
    mig_minors: the content of that file, "" if there is none.
    """
    tree = ElementTree.fromstring(xml)  # noqa: S314  nvidia-smi is the driver's own program, no stranger
    described = {_number(node, "index"): node for node in tree.iter("mig_device")}
    minors = _minors(mig_minors)
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


def _minors(text: str) -> dict[str, int]:
    matches = (_MINOR.fullmatch(line.strip()) for line in text.splitlines())
    return {match[1]: int(match[2]) for match in matches if match}
