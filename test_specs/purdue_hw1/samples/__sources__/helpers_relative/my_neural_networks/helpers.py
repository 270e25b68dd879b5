"""What both networks need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Layer:
    weight: torch.Tensor
    bias: torch.Tensor

    @classmethod
    def random(cls, inputs: int, neurons: int) -> Layer:
        bound = inputs**-0.5
        return cls(*(torch.empty(neurons, size).uniform_(-bound, bound) for size in (inputs, 1)))

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        return torch.einsum("oi,in->on", self.weight, values) + self.bias


def layers(shape: tuple[int, ...]) -> Iterator[Layer]:
    return (Layer.random(*sizes) for sizes in zip(shape, shape[1:]))
