"""The binary form of CIFAR-10: six files of records, each a label and an image. (The other form is pickled.)

byte 0           label, 0 to 9
bytes 1-3072     1024 red, 1024 green, 1024 blue values, each row by row
"""

from __future__ import annotations

from pathlib import Path

import torch

from grader.datasets_sources import CIFAR_TEST_FILE, CIFAR_TRAIN_FILES
from grader.errors import UsageError
from grader.idx import MAX_BYTES

SIDE = 32
RECORD = 1 + 3 * SIDE * SIDE
CLASSES = 10


def cifar_bytes(images: torch.Tensor, labels: torch.Tensor) -> bytes:
    """Images uint8 (N, 32, 32, 3) and labels (N,) as the content of one file.

    Raises:
        ValueError: other shapes, or a label that is no class.
    """
    if images.shape != (len(labels), SIDE, SIDE, 3) or images.dtype != torch.uint8:
        raise ValueError(f"CIFAR-10 has uint8 images (N, 32, 32, 3), not {tuple(images.shape)}.")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < CLASSES:
        raise ValueError("CIFAR-10 has labels from 0 to 9.")
    planes = images.permute(0, 3, 1, 2).flatten(1)
    return torch.cat((labels[:, None].to(torch.uint8), planes), 1).contiguous().numpy().tobytes()


def parse_cifar(content: bytes) -> tuple[torch.Tensor, torch.Tensor]:
    """The images uint8 (N, 32, 32, 3) and labels uint8 (N,) of one file.

    Raises:
        ValueError: it is not made of whole records, or has a label above 9.
    """
    if len(content) > MAX_BYTES or len(content) % RECORD:
        raise ValueError(f"{len(content)} bytes are not records of {RECORD}")
    if not content:
        return torch.empty(0, SIDE, SIDE, 3, dtype=torch.uint8), torch.empty(0, dtype=torch.uint8)
    records = torch.frombuffer(bytearray(content), dtype=torch.uint8).view(-1, RECORD)
    if int(records[:, 0].max()) >= CLASSES:
        raise ValueError("a label is above 9")
    images = records[:, 1:].view(-1, 3, SIDE, SIDE).permute(0, 2, 3, 1)
    return images.contiguous(), records[:, 0].clone()


def cifar_files(
    train_images: torch.Tensor,
    train_labels: torch.Tensor,
    test_images: torch.Tensor,
    test_labels: torch.Tensor,
) -> dict[str, bytes]:
    """The six files by name; the training images are spread over five of them."""
    parts = zip(train_images.tensor_split(5), train_labels.tensor_split(5), strict=True)
    files = {name: cifar_bytes(*part) for name, part in zip(CIFAR_TRAIN_FILES, parts, strict=True)}
    return files | {CIFAR_TEST_FILE: cifar_bytes(test_images, test_labels)}


def read_cifar(folder: Path) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Training images, their labels, test images, their labels of a folder of the six files.

    Raises:
        UsageError: one is missing or damaged.
    """
    images, labels = zip(*(_read(folder / name) for name in CIFAR_TRAIN_FILES), strict=True)
    return torch.cat(images), torch.cat(labels), *_read(folder / CIFAR_TEST_FILE)


def _read(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    try:
        return parse_cifar(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise UsageError(f"{path} is damaged: {error}. Fetch it again.") from error
