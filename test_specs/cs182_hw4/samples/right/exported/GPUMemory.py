#!/usr/bin/env python
# coding: utf-8

# # Memory


# In[2]:


get_ipython().system('nvidia-smi')


# In[3]:


get_ipython().system('pip install -q scipy matplotlib')


# In[4]:


from google.colab import drive
drive.mount("/content/drive")
get_ipython().run_line_magic('cd', '/content/drive/MyDrive/hw4')


# In[5]:


"""What fills the memory of a GPU while a network is trained."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn


# In[6]:


def make_resnet152(num_classes: int = 10) -> nn.Module:
    """ResNet-152, untrained, with num_classes outputs."""
    network: nn.Module = torchvision.models.resnet152(num_classes=num_classes)
    return network


def count_parameters(model: nn.Module) -> int:
    """How many numbers the parameters of a network are."""
    return sum(parameter.numel() for parameter in model.parameters())


def size_in_mb(model: nn.Module) -> float:
    """The memory of the parameters in MB, that is 1,000,000 bytes."""
    return sum(parameter.numel() * parameter.element_size() for parameter in model.parameters()) / 1e6


# In[7]:


def make_optimizer(
    name: str, parameters: Iterable[Tensor], learning_rate: float = 0.01
) -> torch.optim.Optimizer:
    """The optimizer called "sgd", "momentum" (SGD with momentum 0.9) or "adam"."""
    if name == "sgd":
        return torch.optim.SGD(parameters, lr=learning_rate)
    if name == "momentum":
        return torch.optim.SGD(parameters, lr=learning_rate, momentum=0.9)
    if name == "adam":
        return torch.optim.Adam(parameters, lr=learning_rate)
    raise ValueError(name)


def optimizer_state_bytes(optimizer: torch.optim.Optimizer) -> int:
    """The bytes of all tensors that an optimizer keeps between its steps."""
    kept = [value for state in optimizer.state.values() for value in state.values()]
    return sum(value.numel() * value.element_size() for value in kept if torch.is_tensor(value))


# In[8]:


class MemoryLog:
    """Writes the lines of one run to a CSV file."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text("timestamp,epoch,memUsage,loss,accuracy\n")

    def add(self, epoch: int, memory_mb: float, loss: str, accuracy: str) -> None:
        """One line; memory_mb is the most that was taken so far."""
        with self.path.open("a") as file:
            file.write(f"{time.time():.3f},{epoch},{memory_mb:.1f},{loss},{accuracy}\n")


Batches = Iterable[tuple[Tensor, Tensor]]


def run(model: nn.Module, loader: Batches, optimizer: torch.optim.Optimizer, epochs: int, path: str) -> None:
    """Train on the GPU and log each epoch; running out of memory is logged too, and ends the run."""
    log, epoch = MemoryLog(path), 0
    try:
        for epoch in range(epochs):
            loss, accuracy = one_epoch(model, loader, optimizer)
            log.add(epoch, torch.cuda.max_memory_allocated() / 1e6, f"{loss:.4f}", f"{accuracy:.4f}")
    except torch.cuda.OutOfMemoryError:
        log.add(epoch, torch.cuda.max_memory_allocated() / 1e6, "OOM", "OOM")


def one_epoch(model: nn.Module, loader: Batches, optimizer: torch.optim.Optimizer) -> tuple[float, float]:
    """Train on every batch once: the mean loss and the accuracy."""
    total, right, seen = 0.0, 0, 0
    for batch in loader:
        images, labels = (tensor.cuda() for tensor in batch)
        optimizer.zero_grad()
        scores = model(images)
        loss = torch.nn.functional.cross_entropy(scores, labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        right += int((scores.argmax(1) == labels).sum())
        seen += len(labels)
    return total / seen, right / seen


# In[9]:


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


# In[10]:


print(count_parameters(make_resnet152()))


# In[11]:


for batch_size in (4, 16, 64, 256, 1024):
    model = torchvision.models.resnet18().cuda()
    run(model, cifar(batch_size), make_optimizer("adam", model.parameters()), 3, f"logs/batch_{batch_size}.csv")


# In[12]:


get_ipython().system('ls logs')

