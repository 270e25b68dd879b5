"""GPUs for sandboxes: what there is, who has which one, whether it is clean, and what was used.

device.py    one GPU, as nvidia-smi describes it
machine.py   what this machine has: nvidia-smi, /dev/nvidia*, /proc/driver/nvidia
mig.py       the slices of a GPU that is split
lease.py     one GPU (slice, share) per sandbox, over all processes of the machine
health.py    between two sandboxes: is its memory free again? If not, it is set aside
watch.py     the most memory that a sandbox had on it
inside.py    in the sandbox, before the submission: which GPU, and settings for repeatable results
desk.py      leases over a socket, for the fork server, which sees no /dev and runs no programs
"""

from grader.sandbox.gpu.lease import Lease, Leases
from grader.sandbox.gpu.options import GpuOptions

__all__ = ["GpuOptions", "Lease", "Leases"]
