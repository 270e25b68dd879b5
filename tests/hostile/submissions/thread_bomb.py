"""Starts threads until none can be started; they spin and never end."""

import threading


def double(x):
    return 2 * x


def attack(number):
    stop = threading.Event()
    started = 0
    try:
        while True:
            threading.Thread(target=stop.wait, daemon=True).start()
            started += 1
    except RuntimeError as error:
        return started < 32, str(error)


def answer(x):
    while True:
        threading.Thread(target=answer, args=(x,)).start()
