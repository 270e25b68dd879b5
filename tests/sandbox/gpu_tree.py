"""A machine with NVIDIA's driver as far as files go: /dev, /proc, an nvidia-smi that prints what it is told.

The program is a real one, run as the real one is; what the GPUs hold stands in a file that tests write.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

UUIDS = tuple(f"GPU-{digit * 8}-1111-2222-3333-444444444444" for digit in "abcd")
_PROGRAM = """#!/bin/sh
case "$1" in
  --query-gpu=*) [ "$2" = --format=csv,noheader ] && exec cat {root}/answers/query ;;
  -L) exec cat {root}/answers/list ;;
  -q) [ "$2" = -x ] && [ "$3" = -i ] && exec cat {root}/answers/describe-$4 ;;
esac
echo "Invalid combination of input arguments." >&2
exit 2
"""


@dataclass
class Tree:
    """The machine below `root`."""

    root: Path
    count: int = 1

    def __post_init__(self) -> None:
        for name in ("dev", "usr/bin", "answers", "locks"):
            (self.root / name).mkdir(parents=True)
        for name in (
            "nvidiactl",
            "nvidia-uvm",
            "nvidia-uvm-tools",
            *(f"nvidia{n}" for n in range(self.count)),
        ):
            (self.root / "dev" / name).write_text(f"this is {name}\n")
        self.heal()
        for index in range(self.count):  # nodes are numbered the other way round than nvidia-smi counts
            folder = self.root / f"proc/driver/nvidia/gpus/0000:{index + 1:02x}:00.0"
            folder.mkdir(parents=True)
            minor = self.count - 1 - index
            (folder / "information").write_text(f"Model: \t\t NVIDIA H200\nDevice Minor: \t {minor}\n")
        lines = [f"GPU {n}: NVIDIA H200 (UUID: {UUIDS[n]})\n" for n in range(self.count)]
        (self.root / "answers/list").write_text("".join(lines))

    def heal(self) -> None:
        """Everything is as at the beginning."""
        self.program(_PROGRAM.format(root=self.root))
        self.use()
        for path in (self.root / "locks").glob("*.aside"):
            path.unlink()

    def program(self, text: str) -> None:
        """Another nvidia-smi."""
        new = self.root / "usr/bin/.new"
        new.write_text(text)
        new.chmod(new.stat().st_mode | stat.S_IXUSR)
        new.replace(self.root / "usr/bin/nvidia-smi")  # one that runs just now cannot be written to

    def line(self, index: int, used: str = "4 MiB") -> str:
        bus = f"00000000:{index + 1:02X}:00.0"
        return f"{index}, {UUIDS[index]}, NVIDIA H200, 570.86.15, 143771 MiB, {used}, {bus}\n"

    def use(self, *mebibytes: int) -> None:
        """How much of each GPU's memory is in use from now on."""
        amounts = [*mebibytes, *[4] * (self.count - len(mebibytes))]
        lines = [self.line(index, f"{amount} MiB") for index, amount in enumerate(amounts)]
        self.answer("query", "".join(lines))

    def answer(self, name: str, text: str) -> None:
        """What nvidia-smi prints; replaced at once, because others may be reading it."""
        new = self.root / "answers/.new"
        new.write_text(text)
        new.replace(self.root / "answers" / name)

    @property
    def options(self) -> dict[str, str]:
        """For `GpuOptions`."""
        return {"root": str(self.root), "locks": str(self.root / "locks")}
