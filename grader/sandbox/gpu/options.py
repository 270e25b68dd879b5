"""Which GPUs sandboxes may have, and how many share one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_LOCKS = "/run/lock/tensorgrade-gpus"


@dataclass(frozen=True)
class GpuOptions:
    """Set by the operator. Plain data, so that it can be sent to a server process.

    ids: indices or uuids of GPUs or MIG slices, "all", or nothing for none.
    memory_share: of one GPU's memory, for one sandbox. Below 1, several sandboxes use a GPU at once. Only a
        MIG slice is a hard bound: a share is asked of torch, which a submission can undo.
    locks: a folder that all processes which hand out these GPUs share.
    root: where /dev, /proc and nvidia-smi are; a test has a tree of its own.
    """

    ids: tuple[str, ...] = ("all",)
    memory_share: float = 1.0
    locks: str = _LOCKS
    root: str = "/"

    @property
    def sharers(self) -> int:
        """How many sandboxes may use one GPU at once."""
        return max(1, int(1.0 / self.memory_share + 1e-9)) if 0 < self.memory_share <= 1 else 1

    @property
    def lock_folder(self) -> Path:
        """The same as a path."""
        return Path(self.locks)

    def to_dict(self) -> dict[str, Any]:
        """For a message."""
        return asdict(self) | {"ids": list(self.ids)}

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> GpuOptions:
        """From a message."""
        return cls(**(given | {"ids": tuple(given["ids"])}))

    @classmethod
    def parse(cls, gpus: str, memory_share: float = 1.0, locks: str = "") -> GpuOptions:
        """From settings: `gpus` is "all", "none", or ids separated by commas."""
        ids = tuple(word.strip() for word in gpus.split(",") if word.strip() and word.strip() != "none")
        return cls(ids, memory_share, locks or _LOCKS)
