"""The two networks."""

from torch import nn


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def convolutions(last):
    """Three blocks; the last has `last` filters."""
    return [
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, last, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    ]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*convolutions(64), nn.Flatten(), nn.Linear(576, 10))

    def forward(self, images):
        return self.layers(images)


class VariableNet(nn.Module):
    def __init__(self, n_filters=64):
        super().__init__()
        self.layers = nn.Sequential(*convolutions(n_filters), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(n_filters, 10))

    def forward(self, images):
        return self.layers(images)
