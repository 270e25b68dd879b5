"""Raises exceptions that are hard to describe: their text raises, loops, is endless, lies about its type."""


def double(x):
    return 2 * x


class Meta(type):
    @property
    def __module__(cls):
        raise RuntimeError

    def __getattribute__(cls, name):
        raise ValueError(name)


class Raising(Exception):
    def __str__(self):
        raise SystemExit("in __str__")

    __repr__ = __str__


class Looping(Exception):
    def __str__(self):
        while True:
            pass


class Long(Exception):
    def __str__(self):
        return "\x1b[31m\x00\ud800" * 10_000_000


class Strange(Exception, metaclass=Meta):
    pass


class Text(str):
    def __getitem__(self, key):
        return self

    def __len__(self):
        return 0


class Odd(Exception):
    __module__ = ["not", "a", "name"]
    __qualname__ = "x" * 1_000_000

    def __str__(self):
        return Text("y" * 1_900_000)


def deep(n):
    if n:
        deep(n - 1)
    raise Long


def attack(number):
    if number == 0:
        raise Raising
    if number == 1:
        raise Strange
    deep(900)


def answer(x):
    if type(x) is int:
        raise Looping
    if isinstance(x, str):
        raise Odd
    if isinstance(x, list):
        deep(10**9)
    if isinstance(x, tuple):
        raise ExceptionGroup("group", [Raising(), ExceptionGroup("inner", [Strange()])])
    error = Long()
    error.__cause__ = error.__context__ = error
    raise error from error
