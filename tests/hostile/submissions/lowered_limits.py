"""Lowers its own limits, so that the kernel kills it and the grader believes that somebody else did."""

import fcntl
import os
import resource
import signal
import time

F_SETSIG = 10


def double(x):
    return 2 * x


def attack(number):
    if number == 0:
        fcntl.fcntl(CHANNEL_IN, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(CHANNEL_IN, F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(CHANNEL_IN, fcntl.F_SETFL, fcntl.fcntl(CHANNEL_IN, fcntl.F_GETFL) | os.O_ASYNC)
        return "the next message kills"
    end = time.process_time() + 1.2  # beyond the limit below, and within that of the sandbox
    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
    while time.process_time() < end:
        pass
    return "spun"


def answer(x):
    for name in ("RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_STACK", "RLIMIT_DATA", "RLIMIT_SIGPENDING", "RLIMIT_NOFILE"):
        resource.setrlimit(getattr(resource, name), (0, 0))
    return bytearray(10**8)
