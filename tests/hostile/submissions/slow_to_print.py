"""Returns what is small to send and endless to print, compare or explain."""

import torch


def double(x):
    return 2 * x


def tree(depth):
    return torch.rand(900) if depth == 0 else [tree(depth - 1) for _ in range(4)]


def attack(number):
    return [tree(3), torch.zeros((2,) * 22, dtype=torch.uint8), torch.zeros((1,) * 32)][number]


def answer(x):
    if isinstance(x, torch.Tensor):
        return torch.zeros((6,) * 6)
    if isinstance(x, str):
        return "\n".join(f"{number:064x}" for number in range(20_000))
    if isinstance(x, dict):
        return {str(number): tree(1) for number in range(500)}
    return tree(4 if isinstance(x, list) else 5) if isinstance(x, (int, list)) else "(" * 10_000
