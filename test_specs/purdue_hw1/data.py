"""Files for the student's programs: noise in MNIST's format, and the double of a network."""

from __future__ import annotations

import stimuli
import torch
from torch import Tensor

from grader import datasets

# The losses of the double, by the number of training examples. Others fall by 1 each epoch.
LOSSES = {20: [2.0, 1.5, 1.4996], 40: [2.0, 2.5, 2.4, 2.3996]}
TRAIN, TEST = 60, 30


def noise(
    rng: torch.Generator, train: int = TRAIN, test: int = TEST
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Random images uint8 (N, 28, 28) and labels (N,), for training and for tests."""
    made: list[Tensor] = []
    for count in (train, test):
        made.append(torch.randint(0, 256, (count, 28, 28), generator=rng, dtype=torch.uint8))
        made.append(torch.randint(0, 10, (count,), generator=rng, dtype=torch.uint8))
    return made[0], made[1], made[2], made[3]


def files_of(images: tuple[Tensor, Tensor, Tensor, Tensor], folder: str) -> dict[str, bytes]:
    """MNIST's files below `folder`."""
    return {f"{folder}/MNIST/raw/{name}": content for name, content in datasets.idx_files(*images).items()}


def noise_files(folder: str, rng: torch.Generator, train: int = TRAIN, test: int = TEST) -> dict[str, bytes]:
    """Noise as MNIST's files."""
    return files_of(noise(rng, train, test), folder)


def double() -> dict[str, bytes]:
    """A networks.py that learns nothing and keeps a log."""
    return {"my_neural_networks/networks.py": stimuli.DOUBLE.format(losses=LOSSES).encode()}
