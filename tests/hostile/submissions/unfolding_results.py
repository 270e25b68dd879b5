"""Returns what is small to send and takes gigabytes as soon as somebody looks at it row by row, sums or compares it."""

import torch


def double(x):
    return 2 * x


def attack(number):
    return [torch.ones(20 << 20, dtype=torch.uint8), torch.empty(0, 2**39), torch.ones(5_000_000).char()][number]


def answer(x):
    if isinstance(x, list):
        return torch.ones(12 << 20, dtype=torch.uint8)  # 8 GB as a list of its rows
    if isinstance(x, dict):
        return {"weight": torch.empty(2**20, 0, 2**19), "bias": torch.ones(5 << 20, dtype=torch.uint8)}
    return (1, 2) if isinstance(x, tuple) else torch.ones(10 << 20, dtype=torch.uint8)
