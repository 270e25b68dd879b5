"""Never returns, sleeps, waits for locks, catches whatever is raised to stop it."""

import threading
import time


def double(x):
    return 2 * x


def attack(number):
    if number == 0:
        while True:
            try:
                time.sleep(1000)
            except BaseException:
                pass
    if number == 1:
        return threading.active_count()
    return 9**9**9  # without a byte code in between


def answer(x):
    return 0
