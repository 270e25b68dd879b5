"""Returns more than anyone wants to read: hundreds of megabytes, 4 GB, endless iterators, exponential lists."""

import itertools

import torch


def double(x):
    return 2 * x


def doubled():
    value = []
    for _ in range(60):
        value = [value, value]
    return value


def attack(number):
    return [torch.zeros(70_000_000), "x" * 5_000_000, doubled()][number]


class Long:
    def __len__(self):
        return 2**62

    def __iter__(self):
        return itertools.repeat(0)

    def __getitem__(self, key):
        return self


def answer(x):
    if isinstance(x, torch.Tensor):
        return torch.zeros(2**32, dtype=torch.uint8)
    return {int: 1 << 100_000, str: "a\n" * 900_000, list: Long(), tuple: itertools.count(), dict: dict.fromkeys(range(10**6))}.get(type(x))
