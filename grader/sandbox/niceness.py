"""Lets what grades give way to whatever else runs on the machine."""

from __future__ import annotations

import os
import subprocess

_LEAST_NICE, _MOST_NICE = 0, 19


def give_way(process: subprocess.Popen[bytes], niceness: int) -> None:
    """Make a process that was just started, and all that it will start, so much nicer than we are.

    Not ourselves: whoever writes to a database would hold everybody up while others run.
    """
    own = max(_LEAST_NICE, os.getpriority(os.PRIO_PROCESS, 0))
    os.setpriority(os.PRIO_PROCESS, process.pid, min(_MOST_NICE, own + niceness))
