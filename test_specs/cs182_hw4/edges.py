"""What the images of a student's data loaders show, read here and not in the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

SIDE = 28
TRAIN_SIZES = (10, 20, 30, 40, 50)
VALID_SIZE = 50
KINDS = ("horizontal", "vertical", "diagonal", "both", "none")
DARK = 57  # of 255: the background ends at 51, edges begin at 64

# Images as whole numbers up to 255, whatever range a transform of theirs brought them to.
COLLECT = """
def gather(loader):
    images, labels, count = [], [], 0
    for batch in loader:
        images.append(torch.as_tensor(batch[0]).float().reshape(-1, 28 * 28))
        labels.append(torch.as_tensor(batch[1]).flatten().long())
        count += len(images[-1])
        if count > 2000:
            break
    return torch.cat(images), torch.cat(labels)

def collect(loaders):
    pairs = {int(size): tuple(gather(loader) for loader in pair) for size, pair in loaders.items()}
    values = [images for pair in pairs.values() for images, _ in pair]
    low, high = min(x.min() for x in values), max(x.max() for x in values)
    scale = 255 / (high - low).clamp(min=1e-6)
    whole = lambda images: ((images - low) * scale).round().clamp(0, 255).to(torch.uint8)
    return {size: [[whole(images), labels] for images, labels in pair] for size, pair in pairs.items()}
"""


@dataclass(frozen=True)
class Images:
    """uint8 (N, 28, 28) and int64 (N,), in the order in which a loader gave them."""

    images: Tensor
    labels: Tensor

    def per_class(self) -> dict[int, int]:
        """How many images each label has."""
        labels, counts = self.labels.unique(return_counts=True)
        return dict(zip(labels.tolist(), counts.tolist(), strict=True))

    def rows(self) -> set[bytes]:
        """Each image as bytes."""
        return {image.tobytes() for image in self.images.numpy()}

    def put_back(self, order: Tensor) -> Images:
        """The same with every pixel moved to where `order` has it."""
        return Images(self.images.flatten(1)[:, order].view(-1, SIDE, SIDE), self.labels)

    def kinds(self) -> list[str]:
        """What each image shows."""
        bright = (self.images > DARK).numpy()
        rows, columns = bright.all(axis=2).any(axis=1), bright.all(axis=1).any(axis=1)
        return [
            _kind(*flags)
            for flags in zip(rows.tolist(), columns.tolist(), _any(bright).tolist(), strict=True)
        ]

    def shown_for(self, label: int) -> set[str]:
        """The kinds of the images with this label."""
        return {kind for kind, own in zip(self.kinds(), self.labels.tolist(), strict=True) if own == label}

    def places(self) -> tuple[int, int]:
        """The first and the last row or column that an edge lies on; (28, -1) without edges."""
        bright = (self.images > DARK).numpy()
        used = bright.all(axis=2).any(axis=0) | bright.all(axis=1).any(axis=0)
        lines = np.flatnonzero(used)
        return (int(lines[0]), int(lines[-1])) if len(lines) else (SIDE, -1)


@dataclass(frozen=True)
class Sweep:
    """The training and the validation images for each number of training images per class."""

    pairs: Mapping[int, tuple[Images, Images]]

    def of(self, mode: str) -> dict[int, Images]:
        """Those of "train" or "valid", by size."""
        return {size: pair[mode == "valid"] for size, pair in self.pairs.items()}

    def largest(self, mode: str) -> Images:
        """Those with most training images."""
        return self.of(mode)[max(self.pairs)]


def read_sweep(collected: Any) -> Sweep:
    """What `COLLECT` returned, checked.

    Raises:
        AssertionError: it is none.
    """
    assert isinstance(collected, dict), "The loaders are no dict {size: (train, valid)}."
    assert collected, "There are no loaders."
    return Sweep({int(size): _pair(pair) for size, pair in collected.items()})


def _pair(pair: Any) -> tuple[Images, Images]:
    is_pair = isinstance(pair, list) and len(pair) == 2
    assert is_pair, "Each size has two loaders: for training, for validation."
    train, valid = (_images(*half) for half in pair)
    return train, valid


def _images(images: Any, labels: Any) -> Images:
    tensors = isinstance(images, Tensor) and isinstance(labels, Tensor) and images.dtype == torch.uint8
    fits = tensors and images.shape == (len(labels), SIDE * SIDE)
    assert fits, "A loader gives no images of 28 x 28 pixels."
    return Images(images.view(-1, SIDE, SIDE), labels)


def _any(bright: np.ndarray) -> np.ndarray:
    return bright.any(axis=(1, 2))


def _kind(has_row: bool, has_column: bool, has_any: bool) -> str:
    if has_row and has_column:
        return "both"
    if has_row or has_column:
        return "horizontal" if has_row else "vertical"
    return "diagonal" if has_any else "none"
