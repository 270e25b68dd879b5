"""Small things done once in the fork server, so that no sandbox pays for doing them first.

The first training-mode LSTM compiles all of oneDNN's matrix kernels (20 ms), the first optimizer step runs a
lot of Python. Done here, the compiled kernels and warmed caches are shared by every fork. This is the only
computing that the fork server does, and it is safe: one thread, and no backward pass, so neither OpenMP nor
autograd starts a thread that a fork would lose. `preload.settle` makes sure of that.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  as everybody calls it

_ROUNDS = 10  # CPython specializes code that ran eight times


def rehearse(rounds: int = _ROUNDS) -> None:
    """Run the forward passes and one optimizer step of very small networks."""
    torch.set_num_threads(1)
    for _ in range(rounds):
        torch.manual_seed(0)
        _image_network()
        _recurrent_network()
        _optimizer_step()


def _image_network() -> None:
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    network = nn.Sequential(layers, nn.Linear(36, 10))
    images = torch.randn(2, 3, 8, 8)  # (batch, channels, height, width)
    F.cross_entropy(network(images), torch.tensor([1, 2])).item()


def _recurrent_network() -> None:
    steps = torch.randn(5, 2, 8)  # (time, batch, features)
    nn.LSTM(8, 16)(steps)


def _optimizer_step() -> None:
    network = nn.Linear(3, 3)
    for optimizer in (torch.optim.Adam(network.parameters()), torch.optim.SGD(network.parameters(), lr=0.1)):
        optimizer.zero_grad()
        for parameter in network.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
