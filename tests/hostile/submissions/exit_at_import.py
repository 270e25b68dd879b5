"""Ends the process while it is imported, before any test; only its definitions are graded."""

import os


def double(x):
    return 2 * x


os._exit(0)


def attack(number):
    return "alive"


def answer(x):
    os._exit(0)
