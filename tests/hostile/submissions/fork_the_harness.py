"""Forks in a call, so that two processes answer on one channel; the child stays and listens for later questions."""

import os


def double(x):
    return 2 * x


def attack(number):
    os.fork()
    return f"I am {os.getpid()}"


def answer(x):
    os.fork()
    os.fork()
    return 0
