"""Reads MNIST. Given: your copy is replaced before grading."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
CLASSES = 10


def load(folder: str | Path, split: str = "train", most: int = -1) -> tuple[Tensor, Tensor, Tensor]:
    """The first `most` examples (-1: all) of the split "train" or "test" below `folder`/MNIST/raw.

    Returns:
        pixels (N, 784) from 0 to 255 as float32, labels (N,) as int64, and the labels one-hot (N, 10).
    """
    images, labels = (_read(Path(folder) / "MNIST" / "raw" / name) for name in FILES[split])
    count = len(labels) if most < 0 else most
    X = torch.from_numpy(images[:count].reshape(-1, images[0].size).astype(np.float32))
    y = torch.from_numpy(labels[:count].astype(np.int64))
    return X, y, torch.eye(CLASSES)[y]


def _read(path: Path) -> np.ndarray:
    """An IDX file of bytes, packed by gzip or not."""
    packed = path.with_name(path.name + ".gz")
    if not path.exists() and not packed.exists():
        raise FileNotFoundError(f"There is no {path}: the first argument is the folder that holds MNIST/raw.")
    data = path.read_bytes() if path.exists() else gzip.decompress(packed.read_bytes())
    axes = data[3]
    sizes = [int.from_bytes(data[4 * i : 4 * i + 4], "big") for i in range(1, axes + 1)]
    return np.frombuffer(data, np.uint8, offset=4 * (axes + 1)).reshape(sizes)
