"""The networks, in a file of their own."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn


class SimpleCNN(nn.Module):
    def __init__(self, num_filters: int = 3, kernel_size: int = 2, num_classes: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, num_filters, kernel_size)
        self.conv2 = nn.Conv2d(num_filters, num_filters, kernel_size)
        self.fc = nn.Linear(num_filters, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        for conv in (self.conv1, self.conv2):
            images = F.max_pool2d(conv(images).relu(), kernel_size=2)
        return self.fc(images.mean((-2, -1)))


class ThreeLayerMLP(nn.Sequential):
    def __init__(self, input_dim=(1, 28, 28), hidden_dims=(10, 10), num_classes: int = 3) -> None:
        sizes = (math.prod(input_dim), *hidden_dims)
        layers: list[nn.Module] = [nn.Flatten()]
        for size, after in zip(sizes, sizes[1:]):
            layers += [nn.Linear(size, after), nn.ReLU()]
        super().__init__(*layers, nn.Linear(sizes[-1], num_classes))
