"""Sends signals to itself, to everything, to its parent, to its group; stops itself."""

import os
import signal


def double(x):
    return 2 * x


os.kill(os.getpid(), signal.SIGKILL)


def attack(number):
    sent = []
    for target in [(0, -1, os.getppid(), 1), range(1, 200), (-2, -100, -os.getpgrp())][number]:
        for name in ("SIGKILL", "SIGSTOP", "SIGTERM"):
            try:
                os.kill(target, getattr(signal, name))
                sent.append((target, name))
            except OSError:
                pass
    return sent


def answer(x):
    os.kill(os.getpid(), signal.SIGSTOP)
    signal.raise_signal(signal.SIGSTOP)
    os.killpg(0, signal.SIGKILL)
    return 0
