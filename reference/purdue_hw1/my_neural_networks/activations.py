"""Activations and the loss. C classes, N examples: every example is a column."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(z: Tensor) -> Tensor:
    """1 / (1 + exp(-z)), element by element. Given."""
    return 1 / (1 + torch.exp(-z))


def relu(z: Tensor) -> Tensor:
    """max(z, 0), element by element, as a new tensor."""
    return torch.where(z > 0, z, torch.zeros_like(z))


def softmax(z: Tensor) -> Tensor:
    """(C, N) -> (C, N), columns sum to one."""
    powers = torch.exp(z)
    return powers / powers.sum(dim=0, keepdim=True)


def stable_softmax(z: Tensor) -> Tensor:
    """The same for values of any size: the largest of each column is subtracted first."""
    return softmax(z - z.amax(dim=0, keepdim=True))


def cross_entropy(X: Tensor, y_1hot: Tensor, epsilon: float = 1e-14) -> Tensor:
    """The mean over the examples of -log of the right class's probability.

    Args:
        X: probabilities (C, N).
        y_1hot: the right classes, one-hot, (C, N).
        epsilon: added to each probability, so that none is zero.
    """
    return -(y_1hot * torch.log(X + epsilon)).sum(dim=0).mean()
