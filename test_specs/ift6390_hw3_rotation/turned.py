"""Turned images for the slow tests, made from the images at hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch

from grader import datasets
from grader.datasets_rotated import rotated

REAL = "FashionMNIST"
TURNS = 4  # of each image, where there are few
FEW, MANY = 1000, 20_000  # images to train on before turning: of the stand-in, and of the real data
N_SHOWN = 300  # images with angles that the sandbox gets as its test set

Pair = tuple[torch.Tensor, torch.Tensor]  # images float32 (N, 1, 28, 28) from 0 to 1, angles (N, 1)


@dataclass(frozen=True)
class Turned:
    """Data sets of turned images. `unseen` stays here: its angles never go into a sandbox."""

    train: Pair
    shown: Pair
    unseen: Pair
    name: str

    @property
    def real(self) -> bool:
        """Whether these are the homework's own images."""
        return self.name.startswith(REAL)


@cache
def turned_images() -> Turned:
    """The same for every grading: angles are drawn with a fixed seed."""
    data, rng = datasets.fashion_mnist(datasets.folder_from_environment()), torch.Generator().manual_seed(0)
    count, turns = (MANY, 1) if data.name == REAL else (FEW, TURNS)
    train = data.train_images[:count].repeat(turns, 1, 1)
    shown = data.train_images[count:][:N_SHOWN]
    pairs = [_pair(images, rng) for images in (train, shown, data.test_images[:2000])]
    return Turned(pairs[0], pairs[1], pairs[2], f"{data.name}, turned")


def _pair(images: torch.Tensor, rng: torch.Generator) -> Pair:
    turned, angles = rotated(images[:, None], rng)
    return turned.float() / 255, angles
