#!/usr/bin/env python
# coding: utf-8

# # Edges


# In[2]:


get_ipython().run_line_magic('matplotlib', 'inline')
get_ipython().run_line_magic('load_ext', 'autoreload')
get_ipython().run_line_magic('autoreload', '2')


# In[3]:


get_ipython().system('pip install -q scipy matplotlib')


# In[4]:


from google.colab import drive
drive.mount("/content/drive")
get_ipython().run_line_magic('cd', '/content/drive/MyDrive/hw4')


# In[5]:


"""The inductive bias of convolutional networks, shown by images of edges."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


# In[6]:


DEFAULT_CONFIG: dict[str, Any] = {
    "data_per_class": 1000,
    "num_classes": 3,
    "class_type": ["horizontal", "vertical", "none"],
    "spatial_resolution": 28,
    "min_edge_width": 1,
    "max_edge_width": 4,
    "min_edge_intensity": 0.25,
    "max_edge_intensity": 1,
    "min_background_intensity": 0,
    "max_background_intensity": 0.2,
    "possible_edge_location_ratio": 1.0,
    "num_horizontal_edge": 1,
    "num_vertical_edge": 1,
    "num_diagonal_edge": 1,
    "use_permutation": False,
    "permutater": None,
    "unpermutater": None,
}


class EdgeDetectionDataset(Dataset[tuple[Tensor, int]]):
    """Grey images (1, 28, 28) from 0 to 1; the label is the place of an image's kind in class_type."""

    def __init__(
        self,
        domain_config: dict[str, Any],
        mode: str = "train",
        transform: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.domain_config, self.mode, self.transform = domain_config, mode, transform
        kinds = domain_config["class_type"]
        if len(kinds) != domain_config["num_classes"] or mode not in ("train", "valid"):
            raise ValueError("class_type has num_classes kinds, and mode is train or valid.")
        self.images = torch.cat([self.draw(kind) for kind in kinds])
        self.labels = torch.arange(len(kinds)).repeat_interleave(domain_config["data_per_class"])

    def draw(self, kind: str) -> Tensor:
        """data_per_class images of one kind."""
        config = self.domain_config
        count, side = config["data_per_class"], config["spatial_resolution"]
        low, high = config["min_background_intensity"], config["max_background_intensity"]
        images = low + (high - low) * torch.rand(count, side, side)
        directions = {"both": ["horizontal", "vertical"], "none": []}.get(kind, [kind])
        for direction in directions:
            for _ in range(config[f"num_{direction}_edge"]):
                images = self.add_edge(images, direction)
        if config["use_permutation"]:
            images = images.flatten(1)[:, torch.as_tensor(config["permutater"])].view_as(images)
        return images[:, None]

    def add_edge(self, images: Tensor, direction: str) -> Tensor:
        """One edge more in each image. Below ratio 1 it lies in the first part of the image for training, and
        in the rest for validation.
        """
        config, (count, side, _) = self.domain_config, images.shape
        ratio, border = config["possible_edge_location_ratio"], 0
        if ratio < 1:
            border = round(ratio * side)
        first, end = (0, border or side) if self.mode == "train" else (border, side)
        width = torch.randint(config["min_edge_width"], config["max_edge_width"] + 1, (count, 1, 1))
        start = first + (torch.rand(count, 1, 1) * (end - first - width + 1)).long()
        low, high = config["min_edge_intensity"], config["max_edge_intensity"]
        rows, columns = torch.arange(side)[:, None], torch.arange(side)[None, :]
        lines = {"horizontal": rows, "vertical": columns, "diagonal": columns - rows + side // 2}
        line = lines[direction]
        on_edge = (line >= start) & (line < start + width)
        return torch.where(on_edge, low + (high - low) * torch.rand(count, 1, 1), images)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = self.images[index]
        return (image if self.transform is None else self.transform(image)), int(self.labels[index])


# In[7]:


class SimpleCNN(nn.Module):
    """Convolution, ReLU and max pooling twice, then global average pooling and a linear layer."""

    def __init__(self, num_filters: int = 3, kernel_size: int = 2, num_classes: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, num_filters, kernel_size)
        self.conv2 = nn.Conv2d(num_filters, num_filters, kernel_size)
        self.fc = nn.Linear(num_filters, num_classes)

    def pool(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H / 2, W / 2), rounded down"""
        return F.max_pool2d(x, 2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 28, 28) -> scores (N, num_classes)"""
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        scores: Tensor = self.fc(x.mean(dim=(2, 3)))
        return scores


class ThreeLayerMLP(nn.Module):
    """Two hidden layers with ReLU, then scores."""

    def __init__(
        self,
        input_dim: Sequence[int] = (1, 28, 28),
        hidden_dims: Sequence[int] = (10, 10),
        num_classes: int = 3,
    ) -> None:
        super().__init__()
        first, second = hidden_dims
        self.fc1 = nn.Linear(math.prod(input_dim), first)
        self.fc2 = nn.Linear(first, second)
        self.fc3 = nn.Linear(second, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, *input_dim) -> scores (N, num_classes)"""
        x = F.relu(self.fc1(x.flatten(1)))
        scores: Tensor = self.fc3(F.relu(self.fc2(x)))
        return scores


# In[8]:


Batches = DataLoader[tuple[Tensor, int]]


def train(model: nn.Module, loader: Batches, epochs: int, learning_rate: float) -> list[float]:
    """Adam on the cross entropy. Returns the mean loss of each epoch."""
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=learning_rate), []
    for _ in range(epochs):
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        losses.append(total / len(loader))
    return losses


@torch.no_grad()
def evaluate(model: nn.Module, loader: Batches) -> float:
    """The share of images that are told right."""
    right = [(model(images).argmax(1) == labels).float() for images, labels in loader]
    return torch.cat(right).mean().item()


# In[9]:


TRAIN_SIZES = (10, 20, 30, 40, 50)  # images per class
VALID_SIZE = 50


Sweep = dict[int, tuple[Batches, Batches]]


def make_loader(mode: str, size: int, changes: dict[str, Any]) -> Batches:
    """A loader of `size` images per class; training images come in a new order in each epoch."""
    dataset = EdgeDetectionDataset({**DEFAULT_CONFIG, **changes, "data_per_class": size}, mode)
    return DataLoader(dataset, batch_size=10, shuffle=mode == "train")


def sweep(**changes: Any) -> Sweep:
    """{images per class: (training loader, validation loader)}"""
    return {
        size: (make_loader("train", size, changes), make_loader("valid", VALID_SIZE, changes))
        for size in TRAIN_SIZES
    }


def size_sweep_loaders() -> Sweep:
    """Three classes, as in DEFAULT_CONFIG."""
    return sweep()


def domain_shift_loaders() -> Sweep:
    """Edges in the first half of the image for training, in the other for validation."""
    return sweep(possible_edge_location_ratio=0.5)


def permuted_loaders(permutater: list[int], unpermutater: list[int]) -> Sweep:
    """Pixels in the order of `permutater`."""
    return sweep(use_permutation=True, permutater=permutater, unpermutater=unpermutater)


def five_class_loaders() -> Sweep:
    """Every kind of image."""
    return sweep(num_classes=5, class_type=["horizontal", "vertical", "diagonal", "both", "none"])


# In[10]:


OVERFIT_CNN = {"num_filters": 16, "kernel_size": 5, "learning_rate": 0.01, "epochs": 150, "batch_size": 10}
OVERFIT_MLP = {"hidden_dims": [50, 10], "learning_rate": 0.01, "epochs": 40, "batch_size": 10}
CNN_50 = {"num_filters": 16, "kernel_size": 5, "learning_rate": 0.01, "epochs": 20, "batch_size": 10}
CNN_10 = {"num_filters": 16, "kernel_size": 3, "learning_rate": 0.01, "epochs": 100, "batch_size": 10}
CNN_SHIFT = {"num_filters": 16, "kernel_size": 2, "learning_rate": 0.03, "epochs": 60, "batch_size": 10}
MLP_PERMUTED = {"hidden_dims": [100, 50], "learning_rate": 0.003, "epochs": 20, "batch_size": 10}
CNN_PERMUTED = {"num_filters": 3, "kernel_size": 7, "learning_rate": 0.01, "epochs": 20, "batch_size": 10}
CNN_FIVE = {"num_filters": 16, "kernel_size": 5, "learning_rate": 0.01, "epochs": 20, "batch_size": 10}


# In[11]:


class SimpleCNNAvgPool(SimpleCNN):
    """SimpleCNN with average pooling in place of both max poolings."""

    def pool(self, x: Tensor) -> Tensor:
        """As above."""
        return F.avg_pool2d(x, 2)


# In[12]:


model = SimpleCNN(kernel_size=7)
sum(p.numel() for p in model.parameters())


# In[13]:


for size, (train_loader, valid_loader) in size_sweep_loaders().items():
    model = SimpleCNN(16, 5)
    losses = train(model, train_loader, 2000, 0.01)
    print(size, evaluate(model, valid_loader))


# In[14]:


import matplotlib.pyplot as plt
plt.plot(losses)
plt.show()


# In[15]:


get_ipython().run_line_magic('%time', '')
train(model, train_loader, 100, 0.01)

