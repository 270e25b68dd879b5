"""Memory, counted by helpers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import torch
import torchvision
from torch import Tensor, nn

_OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "momentum": partial(torch.optim.SGD, momentum=0.9),
    "adam": torch.optim.Adam,
}


def make_resnet152(num_classes: int = 10) -> nn.Module:
    return torchvision.models.resnet152(num_classes=num_classes).to("cuda" if torch.cuda.is_available() else "cpu")


def count_parameters(model: nn.Module) -> int:
    return nn.utils.parameters_to_vector(model.parameters()).numel()


def size_in_mb(model: nn.Module) -> float:
    return nbytes(model.parameters()) * 1e-6


def make_optimizer(name: str, parameters: Iterable[nn.Parameter], learning_rate: float = 0.01) -> torch.optim.Optimizer:
    return _OPTIMIZERS[name](parameters, lr=learning_rate)


def optimizer_state_bytes(optimizer: torch.optim.Optimizer) -> int:
    return nbytes(leaves(optimizer.state_dict()["state"]))


def nbytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.nelement() * tensor.element_size() for tensor in tensors)


def leaves(tree: object) -> Iterator[Tensor]:
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, dict):
        for branch in tree.values():
            yield from leaves(branch)
