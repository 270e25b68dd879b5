"""Ends the process in calls: exit, the codes that the harness itself uses, a crash, an abort."""

import ctypes
import os


def double(x):
    return 2 * x


def attack(number):
    os._exit([0, 70, 91][number])


def answer(x):
    if isinstance(x, str):
        os.abort()
    if isinstance(x, list):
        ctypes.string_at(0)
    if isinstance(x, dict):
        os.close(CHANNEL_OUT)
        while True:
            pass
    os._exit(0)
