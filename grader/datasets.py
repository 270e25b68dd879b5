"""Image data for the specs: the real files where there is a folder of them, else an offline stand-in.

The folder is what `tensorgrade data fetch` fills: FashionMNIST/raw and MNIST/raw with IDX files, as
torchvision has them, and cifar-10-batches-bin. A stand-in has the same shapes and needs no network.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from grader.datasets_cifar import cifar_files, read_cifar
from grader.datasets_offline import Four, cached, coloured_digits, digits
from grader.errors import UsageError
from grader.idx import idx_bytes, parse_idx, read_idx

__all__ = [
    "ImageData",
    "cifar10",
    "cifar_files",
    "fashion_mnist",
    "folder_from_environment",
    "idx_bytes",
    "idx_files",
    "mnist",
    "parse_idx",
]

OFFLINE_NAME = "offline digits (scikit-learn), 28x28"
OFFLINE_COLOUR_NAME = "offline digits (scikit-learn) in colour, 32x32"
CIFAR_FOLDER = "cifar-10-batches-bin"
SIDE = 28
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class ImageData:
    """Images uint8, (N, 28, 28) or, of CIFAR-10, (N, 32, 32, 3), with labels uint8 (N,), from 0 to 9;
    `name` tells which data this is.
    """

    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor
    name: str


def folder_from_environment(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of real data that the setting TENSORGRADE_DATA names, None if it is not set."""
    setting = environment.get("TENSORGRADE_DATA", "")
    return Path(setting) if setting else None


def fashion_mnist(root: Path | None) -> ImageData:
    """FashionMNIST from `root`/FashionMNIST/raw; without a root the offline stand-in.

    Raises:
        UsageError: `root` lacks a file, or one is damaged.
    """
    return _grey(root / "FashionMNIST" / "raw", "FashionMNIST") if root else _offline()


def mnist(root: Path | None) -> ImageData:
    """MNIST from `root`/MNIST/raw; without a root the offline stand-in. Raises as `fashion_mnist`."""
    return _grey(root / "MNIST" / "raw", "MNIST") if root else _offline()


def cifar10(root: Path | None) -> ImageData:
    """CIFAR-10 from `root`/cifar-10-batches-bin; without a root a stand-in: digits in colour.

    Raises as `fashion_mnist`.
    """
    if root:
        return ImageData(*read_cifar(root / CIFAR_FOLDER), "CIFAR-10")
    made = cached("offline-colour-1", coloured_digits, lambda four: cifar_files(*four), read_cifar)
    return ImageData(*made, OFFLINE_COLOUR_NAME)


def idx_files(
    train_images: torch.Tensor,
    train_labels: torch.Tensor,
    test_images: torch.Tensor,
    test_labels: torch.Tensor,
) -> dict[str, bytes]:
    """The four files, by name, that torchvision's FashionMNIST reads from `<root>/FashionMNIST/raw`."""
    tensors = (train_images, train_labels, test_images, test_labels)
    return {name: idx_bytes(tensor) for name, tensor in zip(FILES, tensors, strict=True)}


def _offline() -> ImageData:
    made = cached("offline-digits-1", digits, lambda four: idx_files(*four), _read)
    return ImageData(*made, OFFLINE_NAME)


def _grey(raw: Path, name: str) -> ImageData:
    return ImageData(*_read(raw), name)


def _read(raw: Path) -> Four:
    train_images, train_labels, test_images, test_labels = (read_idx(raw / file) for file in FILES)
    for images, labels in ((train_images, train_labels), (test_images, test_labels)):
        if images.shape != (len(labels), SIDE, SIDE) or labels.dim() != 1:
            raise UsageError(f"{raw}: {len(labels)} labels for images of shape {tuple(images.shape)}.")
    return train_images, train_labels, test_images, test_labels
