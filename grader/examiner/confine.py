"""What an examiner's child gives up before it meets a submission's first byte.

It parses what a hostile process sends. Should that ever go wrong, there is nothing to go to: no network, no
program to start, no device, namespace or other process to reach. It uses the filter of the sandboxes.
"""

from __future__ import annotations

import platform
import resource
from pathlib import Path

from grader.sandbox.local import seccomp
from grader.sandbox.local import syscalls as sys_

_MOST_MEMORY = 3 << 30  # beyond what the examiner has already; a result may unfold to far more than its bytes


def confine() -> None:
    """Allow this process only the system calls that a sandbox may make, and so much memory, for good."""
    most = _data_bytes() + _MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    sys_.prctl(sys_.PR_SET_NO_NEW_PRIVS, 1)
    sys_.install_filter(seccomp.filter_for(platform.machine()))


def _data_bytes() -> int:
    """Private memory that this process may write to, in use or not."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmData:"))
