"""Image data for the specs: the real files where there is a folder of them, else an offline stand-in.

The folder is laid out as torchvision does it: FashionMNIST/raw/train-images-idx3-ubyte[.gz] and so on.
The stand-in is scikit-learn's 1797 handwritten digits, resized to 28x28, in the same file format. It is made
once and kept in the user's cache folder, since importing scikit-learn costs a second.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from grader.errors import UsageError
from grader.idx import idx_bytes, parse_idx, read_idx

__all__ = [
    "ImageData",
    "fashion_mnist",
    "folder_from_environment",
    "idx_bytes",
    "idx_files",
    "mnist",
    "parse_idx",
]

OFFLINE_NAME = "offline digits (scikit-learn), 28x28"
OFFLINE_TRAIN_IMAGES = 1200  # of 1797
SIDE = 28
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class ImageData:
    """Images uint8 (N, 28, 28) with labels uint8 (N,), from 0 to 9; `name` tells which data this is."""

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
    return _read(root / "FashionMNIST" / "raw", "FashionMNIST") if root else _offline()


def mnist(root: Path | None) -> ImageData:
    """MNIST from `root`/MNIST/raw; without a root the offline stand-in. Raises as `fashion_mnist`."""
    return _read(root / "MNIST" / "raw", "MNIST") if root else _offline()


def idx_files(
    train_images: torch.Tensor,
    train_labels: torch.Tensor,
    test_images: torch.Tensor,
    test_labels: torch.Tensor,
) -> dict[str, bytes]:
    """The four files, by name, that torchvision's FashionMNIST reads from `<root>/FashionMNIST/raw`."""
    tensors = (train_images, train_labels, test_images, test_labels)
    return {name: idx_bytes(tensor) for name, tensor in zip(FILES, tensors, strict=True)}


def _read(raw: Path, name: str) -> ImageData:
    train_images, train_labels, test_images, test_labels = (read_idx(raw / file) for file in FILES)
    for images, labels in ((train_images, train_labels), (test_images, test_labels)):
        if images.shape != (len(labels), SIDE, SIDE) or labels.dim() != 1:
            raise UsageError(f"{raw}: {len(labels)} labels for images of shape {tuple(images.shape)}.")
    return ImageData(train_images, train_labels, test_images, test_labels, name)


def _offline() -> ImageData:
    """The stand-in: from the cache, or made and, if the cache can be written, kept there."""
    folder = _cache_folder()
    if folder is None:
        return _make_offline()
    try:
        return _read(folder, OFFLINE_NAME)
    except UsageError:  # not there yet, or damaged
        data = _make_offline()
        _store(data, folder)
        return data


def _cache_folder() -> Path | None:
    """Where the stand-in is kept; the name changes with its content. None if this user has no home."""
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return base / "tensorgrade" / "offline-digits-1"


def _store(data: ImageData, folder: Path) -> None:
    """Write a folder beside `folder` and rename it, so that no reader ever sees half of it."""
    files = idx_files(data.train_images, data.train_labels, data.test_images, data.test_labels)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            made = Path(temporary) / folder.name
            made.mkdir()
            for name, content in files.items():
                (made / name).write_bytes(content)
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    except OSError:
        return  # read-only, full, or another process was first: this one has its data in memory


def _make_offline() -> ImageData:
    """scikit-learn's digits in a fixed random order, the first 1200 for training and 597 for tests."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = _resized(digits.images), torch.from_numpy(digits.target.astype(np.uint8))
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train, test = order[:OFFLINE_TRAIN_IMAGES], order[OFFLINE_TRAIN_IMAGES:]
    return ImageData(images[train], labels[train], images[test], labels[test], OFFLINE_NAME)


def _resized(images: np.ndarray) -> torch.Tensor:
    """Digits (N, 8, 8) of 0 to 16 as uint8 (N, 28, 28) of 0 to 255, bilinear between pixel centres."""
    at = np.clip((np.arange(SIDE) + 0.5) * 8 / SIDE - 0.5, 0, 7)  # each new pixel's place among the old ones
    low = np.minimum(at.astype(int), 6)
    weights = np.zeros((SIDE, 8))
    weights[np.arange(SIDE), low] = 1 - (at - low)
    weights[np.arange(SIDE), low + 1] = at - low
    larger = np.einsum("ri,nij,cj->nrc", weights, images, weights, optimize=True)
    return torch.from_numpy(np.rint(larger * (255 / 16)).astype(np.uint8))
