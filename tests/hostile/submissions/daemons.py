"""Leaves things running: atexit, daemon threads, a double fork in a session of its own, children that ignore signals."""

import atexit
import os
import signal
import threading
import time


def double(x):
    return 2 * x


def write_for_ever():
    while True:
        for folder in ("/tmp", "/dev/shm", os.path.expanduser("~"), "."):
            try:
                with open(os.path.join(folder, "tgm-left-by-daemon"), "w") as file:
                    file.write("here")
            except OSError:
                pass
        print("still here")
        time.sleep(0.01)


atexit.register(lambda: print("atexit ran"))
threading.Thread(target=write_for_ever, daemon=True).start()


def attack(number):
    child = os.fork()
    if child:
        return child
    os.setsid()
    if os.fork():
        os._exit(0)
    for name in range(1, 65):
        try:
            signal.signal(name, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    write_for_ever()


def answer(x):
    threading.Thread(target=write_for_ever).start()
    return 0
