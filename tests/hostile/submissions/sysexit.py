"""Raises SystemExit, KeyboardInterrupt and GeneratorExit, at import and in calls."""

import sys


def double(x):
    return 2 * x


def attack(number):
    raise [SystemExit(0), KeyboardInterrupt(), GeneratorExit()][number]


def answer(x):
    sys.exit("passed")


sys.exit(0)
