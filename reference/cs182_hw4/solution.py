"""What the specs compare with, in the examiner. The contents of the notebooks are in the other files."""

from __future__ import annotations

from torch import Tensor, nn


class AveragePoolingCNN(nn.Module):
    """Convolution, ReLU and average pooling twice, then global average pooling and a linear layer."""

    def __init__(self, num_filters: int, kernel_size: int, num_classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, num_filters, kernel_size),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Conv2d(num_filters, num_filters, kernel_size),
            nn.ReLU(),
            nn.AvgPool2d(2),
        )
        self.fc = nn.Linear(num_filters, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 1, 28, 28) -> (N, num_classes)"""
        scores: Tensor = self.fc(self.layers(images).mean(dim=(2, 3)))
        return scores
