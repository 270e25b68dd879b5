"""Returns objects, modules, functions, classes and generators where data is expected: whose fault is that?"""

import torch


def double(x):
    return 2 * x


class Thing:
    pass


def attack(number):
    return [Thing(), torch, lambda: None][number]


def answer(x):
    if isinstance(x, bool):
        return Thing
    if isinstance(x, torch.Tensor):
        return torch.nn.Linear(2, 2)
    return {int: Thing(), str: torch, list: (n for n in [1, 2, 3]), tuple: Thing(), dict: {"weight": Thing(), "bias": torch}, type(None): print}[type(x)]
