"""What an examiner's child gives up before it meets a submission's first byte.

It parses what a hostile process sends. Should that ever go wrong, there is nothing to go to: no network, no
program to start, no device, namespace or other process to reach. It uses the filter of the sandboxes.
"""

from __future__ import annotations

import platform

from grader.sandbox.local import seccomp
from grader.sandbox.local import syscalls as sys_


def confine() -> None:
    """Allow this process only the system calls that a sandbox may make, for good."""
    sys_.prctl(sys_.PR_SET_NO_NEW_PRIVS, 1)
    sys_.install_filter(seccomp.filter_for(platform.machine()))
