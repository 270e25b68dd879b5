"""A network that is none: its description, its parameters and its answers are made up."""

import torch


def double(x):
    return 2 * x


class Linear(torch.nn.Module):
    """Not torch's."""

    def named_modules(self, *_, **__):
        for number in range(10**9):
            yield str(number), self

    def state_dict(self, *_, **__):
        return {"weight": torch.zeros((2,) * 20), "bias": "not a tensor"}


class Described(torch.nn.Module):
    def named_modules(self, *_, **__):
        return [("", torch.nn.Linear(2, 3)), ("a" * 1_000_000, self)]


def attack(number):
    return [Linear(), Described(), torch.nn.Linear(2, 3)][number]


def answer(x):
    return Linear() if x is None else Described()
