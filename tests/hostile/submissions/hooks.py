"""Objects whose every protocol is a trap: attributes, length, iteration, pickling, comparison, hashing, conversion."""

import os


def double(x):
    return 2 * x


class Trap:
    def __getattr__(self, name):
        return getattr(self, name + "_")

    def __getattribute__(self, name):
        if name == "__class__":
            return int
        return object.__getattribute__(self, name)

    def __reduce__(self):
        return os._exit, (0,)

    def __len__(self):
        return -1

    def __iter__(self):
        while True:
            pass

    def __index__(self):
        raise SystemExit

    def __del__(self):
        raise SystemExit

    __int__ = __float__ = __complex__ = __bool__ = __hash__ = __index__


class Recursive:
    @property
    def value(self):
        return Recursive()

    def __getattr__(self, name):
        return Recursive()

    def __call__(self, *args):
        return Recursive()

    def __getitem__(self, key):
        return Recursive()

    def __len__(self):
        return 3


def attack(number):
    return [Trap(), Recursive(), [Trap(), {"a": Recursive()}]][number]


def answer(x):
    return Trap() if isinstance(x, (int, list)) else Recursive()
