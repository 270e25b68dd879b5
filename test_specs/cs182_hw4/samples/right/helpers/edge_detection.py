"""One dataset per domain, of which parts are taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from networks import SimpleCNN, ThreeLayerMLP
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset

__all__ = ["SimpleCNN", "ThreeLayerMLP"]


@dataclass
class Domain:
    data_per_class: int = 1000
    num_classes: int = 3
    class_type: Sequence[str] = ("horizontal", "vertical", "none")
    spatial_resolution: int = 28
    min_edge_width: int = 1
    max_edge_width: int = 4
    min_edge_intensity: float = 0.25
    max_edge_intensity: float = 1
    min_background_intensity: float = 0
    max_background_intensity: float = 0.2
    possible_edge_location_ratio: float = 1.0
    num_horizontal_edge: int = 1
    num_vertical_edge: int = 1
    num_diagonal_edge: int = 1
    use_permutation: bool = False
    permutater: Sequence[int] | None = None
    unpermutater: Sequence[int] | None = field(default=None, repr=False)


class EdgeDetectionDataset(Dataset):
    def __init__(self, domain_config: dict[str, Any], mode: str = "train", transform: Any = None) -> None:
        self.domain, self.mode, self.transform = Domain(**domain_config), mode, transform
        drawn = [self._class(kind) for kind in self.domain.class_type]
        self.images = torch.cat(drawn).double()
        self.targets = [label for label, images in enumerate(drawn) for _ in images]

    def _class(self, kind: str) -> Tensor:
        d, n = self.domain, self.domain.spatial_resolution
        low, high = d.min_background_intensity, d.max_background_intensity
        images = torch.empty(d.data_per_class, n, n).uniform_(low, high)
        for direction in ("horizontal", "vertical") if kind == "both" else (kind,):
            for line in self._lines(direction, n):
                for image in images:
                    image[self._bar(line, n)] = torch.empty(()).uniform_(d.min_edge_intensity, d.max_edge_intensity)
        if d.use_permutation:
            images = images.flatten(1)[:, list(d.permutater or [])].unflatten(1, (n, n))
        return images.unsqueeze(1)

    def _lines(self, direction: str, n: int) -> Iterator[Tensor]:
        i, j = torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")
        known = {"horizontal": i, "vertical": j, "diagonal": j - i + n // 2}
        if direction in known:
            yield from [known[direction]] * getattr(self.domain, f"num_{direction}_edge")

    def _bar(self, line: Tensor, n: int) -> Tensor:
        d = self.domain
        width = int(torch.randint(d.min_edge_width, d.max_edge_width + 1, ()))
        border = round(d.possible_edge_location_ratio * n) % n
        low, high = (border, n) if self.mode == "valid" else (0, border or n)
        start = int(torch.randint(low, high - width + 1, ()))
        return (line >= start) & (line < start + width)

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.images[index].float(), self.targets[index]


@dataclass(frozen=True)
class Sweep:
    """All sizes of one domain; the small training sets are parts of the large one."""

    changes: dict[str, Any]
    train_sizes: tuple[int, ...] = (10, 20, 30, 40, 50)

    def loaders(self) -> dict[int, tuple[DataLoader, DataLoader]]:
        train, valid = (EdgeDetectionDataset({**self.changes, "data_per_class": 50}, mode) for mode in ("train", "valid"))
        held_back = DataLoader(valid, batch_size=64)
        return {size: (self.part(train, size), held_back) for size in self.train_sizes}

    @staticmethod
    def part(data: EdgeDetectionDataset, size: int) -> DataLoader:
        classes = data.domain.num_classes
        first = [50 * label + place for label in range(classes) for place in range(size)]
        return DataLoader(Subset(data, first), batch_size=8, shuffle=True, drop_last=False)


def size_sweep_loaders():
    return Sweep({}).loaders()


def domain_shift_loaders():
    return Sweep({"possible_edge_location_ratio": 0.5}).loaders()


def permuted_loaders(permutater, unpermutater):
    changes = {"use_permutation": True, "permutater": permutater, "unpermutater": unpermutater}
    return Sweep(changes).loaders()


def five_class_loaders():
    kinds = ("horizontal", "vertical", "diagonal", "both", "none")
    pairs = Sweep({"num_classes": 5, "class_type": kinds}).loaders()
    return {size: (as_tensors(train, shuffle=True), as_tensors(valid)) for size, (train, valid) in pairs.items()}


def as_tensors(loader: DataLoader, *, shuffle: bool = False) -> DataLoader:
    images, labels = (torch.cat(parts) for parts in zip(*loader))
    return DataLoader(TensorDataset(images, labels), batch_size=32, shuffle=shuffle)


_CNN: dict[str, Any] = {"num_filters": 16, "kernel_size": 5, "learning_rate": 1e-2, "epochs": 20, "batch_size": 10}
_MLP: dict[str, Any] = {"hidden_dims": (50, 10), "learning_rate": 1e-2, "epochs": 20, "batch_size": 10}

OVERFIT_CNN = _CNN | {"epochs": 200}
OVERFIT_MLP = _MLP | {"epochs": 50}
CNN_50 = _CNN
CNN_10 = _CNN | {"kernel_size": 3, "epochs": 120}
CNN_SHIFT = _CNN | {"kernel_size": 2, "learning_rate": 0.03, "epochs": 80}
MLP_PERMUTED = _MLP | {"hidden_dims": (128, 32), "learning_rate": 0.003}
CNN_PERMUTED = _CNN | {"epochs": 10}
CNN_FIVE = _CNN


class SimpleCNNAvgPool(SimpleCNN):
    def forward(self, images: Tensor) -> Tensor:
        for conv in (self.conv1, self.conv2):
            images = F.avg_pool2d(conv(images).relu(), kernel_size=2)
        return self.fc(nn.AdaptiveAvgPool2d(1)(images).flatten(1))
