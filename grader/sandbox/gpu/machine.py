"""What GPUs this machine has. Only NVIDIA's; nothing here loads their libraries or touches a GPU.

nvidia-smi names them, /proc/driver/nvidia/gpus says which device node is whose. What it prints is parsed
strictly: a line that is not as expected is an error, never a guess.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from grader.errors import InfrastructureError
from grader.sandbox.gpu import mig
from grader.sandbox.gpu.device import Gpu, mebibytes, parse_line

QUERY = "index,uuid,name,driver_version,memory.total,memory.used,pci.bus_id"
COMMON_NODES = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools")  # every CUDA program needs the first two
_PLACES = ("usr/bin", "bin", "usr/local/nvidia/bin", "usr/lib/wsl/lib")  # of nvidia-smi
_LIBRARIES = (
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "usr/lib64",
    "usr/local/nvidia/lib64",
    "usr/local/nvidia/lib",
    "usr/lib/wsl/lib",
    "run/opengl-driver/lib",
)
_SECONDS = 20.0
_MINOR = re.compile(r"^Device Minor:\s*(\d+)\s*$", re.MULTILINE)


class Machine:
    """One machine's GPUs, below `root`."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root

    @property
    def has_driver(self) -> bool:
        """Whether NVIDIA's driver is there at all. Costs nothing."""
        return (self.root / "dev/nvidiactl").exists() and self._program() is not None

    def gpus(self) -> tuple[Gpu, ...]:
        """Every GPU that has a device node here, a split one as its slices; nothing without a driver.

        Raises:
            InfrastructureError: nvidia-smi fails, or prints what is not understood.
        """
        if not self.has_driver:
            return ()
        fields = [parse_line(line) for line in self.smi(f"--query-gpu={QUERY}", "--format=csv,noheader")]
        whole = [gpu for gpu in map(self._gpu, fields) if (self.root / "dev" / gpu.nodes[0]).exists()]
        listed = mig.listed(self.smi("-L"))
        if not listed:
            return tuple(whole)
        found: list[Gpu] = []
        for gpu in whole:
            found += self._slices(gpu, listed[gpu.id]) if listed.get(gpu.id) else [gpu]
        return tuple(found)

    def _slices(self, gpu: Gpu, own: mig.Slices) -> list[Gpu]:
        described = "\n".join(self.smi("-q", "-x", "-i", gpu.id))
        minors = self.root / "proc/driver/nvidia-caps/mig-minors"
        return mig.slices_of(gpu, own, described, minors.read_text() if minors.is_file() else "")

    def common_nodes(self) -> tuple[str, ...]:
        """The device nodes that belong to no GPU and to every CUDA program."""
        return tuple(name for name in COMMON_NODES if (self.root / "dev" / name).exists())

    def all_nodes(self) -> tuple[str, ...]:
        """Every device node that a sandbox may get, below /dev; found without asking the driver."""
        folder = self.root / "dev"
        own = sorted(path.name for path in folder.glob("nvidia[0-9]*") if path.name[6:].isdigit())
        capabilities = sorted(path.name for path in (folder / "nvidia-caps").glob("nvidia-cap[0-9]*"))
        return (*self.common_nodes(), *own, *(f"nvidia-caps/{name}" for name in capabilities))

    def library_folders(self) -> tuple[Path, ...]:
        """Where the driver's libcuda is."""
        folders = [self.root / name for name in _LIBRARIES]
        return tuple(folder for folder in folders if (folder / "libcuda.so.1").exists())

    def smi(self, *arguments: str) -> list[str]:
        """The lines that nvidia-smi prints.

        Raises:
            InfrastructureError: it fails or hangs; the text says how.
        """
        program = self._program()
        if program is None:
            raise InfrastructureError("nvidia-smi is not installed.")
        command = [str(program), *arguments]
        try:
            done = subprocess.run(  # noqa: S603  the driver's own program, by its full path
                command,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InfrastructureError(f"nvidia-smi does not answer: {error}.") from error
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "nothing")[:300]
            raise InfrastructureError(f"nvidia-smi failed with exit code {done.returncode}: {said}")
        return [line for line in done.stdout.splitlines() if line.strip()]

    def _program(self) -> Path | None:
        paths = (self.root / place / "nvidia-smi" for place in _PLACES)
        return next((path for path in paths if path.is_file()), None)

    def _gpu(self, fields: dict[str, str]) -> Gpu:
        return Gpu(
            id=fields["uuid"],
            index=int(fields["index"]),
            name=fields["name"],
            driver=fields["driver"],
            total_bytes=mebibytes(fields["total"]) or 0,
            used_bytes=mebibytes(fields["used"]),
            nodes=(f"nvidia{self._minor(fields)}",),
        )

    def _minor(self, fields: dict[str, str]) -> int:
        """nvidia-smi counts by bus, the device nodes by the order in which the driver found them."""
        bus = fields["bus"].lower()
        folders = self.root / "proc/driver/nvidia/gpus"
        for name in (bus[4:], bus):  # the folder's domain has four digits, nvidia-smi's has eight
            information = folders / name / "information"
            if information.is_file() and (match := _MINOR.search(information.read_text())):
                return int(match[1])
        return int(fields["index"])
