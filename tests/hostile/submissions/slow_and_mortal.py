"""Takes its time at import and ends its process in every call, so that each test pays for a new import."""

import os
import time

time.sleep(0.05)


def double(x):
    os._exit(1)


def attack(number):
    os._exit(1)


def answer(x):
    os._exit(1)
