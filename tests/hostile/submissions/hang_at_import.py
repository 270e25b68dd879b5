"""Never finishes its import, and its salvaged statements neither."""


def double(x):
    return 2 * x


def attack(number):
    return "salvaged"


def answer(x):
    return 0


class Endless:
    while True:
        pass
