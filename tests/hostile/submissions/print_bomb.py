"""Prints without end, in large and in small pieces, and to the bare descriptors."""

import os


def double(x):
    return 2 * x


def attack(number):
    if number == 0:
        while True:
            print("x" * 10_000)
    if number == 1:
        for _ in range(1000):
            os.write(1, b"x" * 100_000)
            os.write(2, b"x" * 100_000)
        return "written to descriptors"
    print("y" * (10**9))


def answer(x):
    while type(x) is int:
        print(end="z")
