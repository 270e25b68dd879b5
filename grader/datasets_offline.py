"""Data for machines without the real files: scikit-learn's 1797 handwritten digits, in two shapes.

Importing scikit-learn costs a second, so what was made is kept in the user's cache folder, in the file format
of the set that it stands in for.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from grader.errors import UsageError

Four = tuple[
    torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor
]  # train images, labels, test images, labels

TRAIN_IMAGES = 1200  # of 1797


def cached(
    name: str,
    make: Callable[[], Four],
    pack: Callable[[Four], dict[str, bytes]],
    read: Callable[[Path], Four],
) -> Four:
    """A stand-in: from the cache, or made and, if the cache can be written, kept there.

    Args:
        name: of its folder in the cache; it changes with the content.
        make: makes it.
        pack: its files by name.
        read: reads a folder of them; UsageError if one is missing or damaged.
    """
    folder = _cache_folder(name)
    if folder is None:
        return make()
    try:
        return read(folder)
    except UsageError:  # not there yet, or damaged
        made = make()
        _store(pack(made), folder)
        return made


def digits(side: int = 28) -> Four:
    """The digits in a fixed random order, 1200 for training and 597 for tests: uint8 (N, side, side)."""
    from sklearn.datasets import load_digits

    source = load_digits()
    images, labels = _resized(source.images, side), torch.from_numpy(source.target.astype(np.uint8))
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train, test = order[:TRAIN_IMAGES], order[TRAIN_IMAGES:]
    return images[train], labels[train], images[test], labels[test]


def coloured_digits() -> Four:
    """The same as uint8 (N, 32, 32, 3): each in a bright colour on a dark one, both random, with noise."""
    train_images, train_labels, test_images, test_labels = digits(32)
    rng = torch.Generator().manual_seed(1)
    return _coloured(train_images, rng), train_labels, _coloured(test_images, rng), test_labels


def _coloured(images: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """Grey images (N, S, S) in two random colours each, (N, S, S, 3)."""
    ink = images[..., None] / 255
    paper, pen = torch.rand(2, len(images), 1, 1, 3, generator=rng) / 2
    noise = torch.rand(*images.shape, 3, generator=rng) * 0.1 - 0.05
    mixed = paper * (1 - ink) + (pen + 0.5) * ink + noise
    return torch.round(mixed.clamp(0, 1) * 255).to(torch.uint8)


def _resized(images: np.ndarray, side: int) -> torch.Tensor:
    """Digits (N, 8, 8) of 0 to 16 as uint8 (N, S, S) of 0 to 255, bilinear between pixel centres."""
    at = np.clip((np.arange(side) + 0.5) * 8 / side - 0.5, 0, 7)  # each new pixel's place among the old ones
    low = np.minimum(at.astype(int), 6)
    weights = np.zeros((side, 8))
    weights[np.arange(side), low] = 1 - (at - low)
    weights[np.arange(side), low + 1] = at - low
    larger = np.einsum("ri,nij,cj->nrc", weights, images, weights, optimize=True)
    return torch.from_numpy(np.rint(larger * (255 / 16)).astype(np.uint8))


def _cache_folder(name: str) -> Path | None:
    """Where a stand-in is kept; None if this user has no home."""
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return base / "tensorgrade" / name


def _store(files: dict[str, bytes], folder: Path) -> None:
    """Write a folder beside `folder` and rename it, so that no reader ever sees half of it."""
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
