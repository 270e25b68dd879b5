"""What the homework's networks compute, in the right way and in every way that students build them.

A spec sets the weights of a student's network, runs it on images and asks `explain` which way of building
it gives that output. So a network without softmax loses the points for that, and none for its activations.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

Layers = list[
    tuple[torch.Tensor, torch.Tensor]
]  # weight and bias of each layer, in the order of the forward pass


@dataclass(frozen=True)
class Behaviour:
    """How a network is built, as far as its output shows it. The defaults are right."""

    inner_block: str = "activation, pool"  # what follows each convolution but the last
    last_block: str = "activation, pool"  # what follows the last one
    last_pool: str = "adaptive max"
    swapped: bool = False  # strides taken for paddings and paddings for strides
    hidden_activation: bool = True  # after each Linear but the last
    last_activation: bool = False  # after the last Linear
    end: str = "softmax"


CHOICES: dict[str, tuple[Any, ...]] = {
    "inner_block": ("activation, pool", "pool, activation", "pool"),
    "last_block": ("activation, pool", "pool, activation", "pool"),
    "last_pool": ("adaptive max", "max, adaptive max", "adaptive average"),
    "swapped": (False, True),
    "hidden_activation": (True, False),
    "last_activation": (False, True),
    "end": ("softmax", "none", "softmax over the batch", "log-softmax"),
}
DENSE = ("hidden_activation", "last_activation", "end")
MOST_MISTAKES = 3  # of one network


@dataclass(frozen=True)
class Case:
    """A network to build: the arguments of create_mlp or create_cnn, and what it is run on."""

    kind: str  # mlp or cnn
    size: int  # input_dim or in_channels
    n_classes: int
    settings: dict[str, tuple[int, ...]]  # of NetworkConfiguration
    images: tuple[int, ...]  # shape (B, C, H, W)

    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of all weights in the order of the forward pass; all different, to find layers by."""
        convolutions, width = [], self.size
        if self.kind == "cnn":
            for channels, kernel in zip(
                self.settings["n_channels"], self.settings["kernel_sizes"], strict=True
            ):
                convolutions.append((channels, width, kernel, kernel))
                width = channels
            width *= 16
        sizes = (width, *self.settings["dense_hiddens"], self.n_classes)
        return convolutions + [(out, size) for size, out in itertools.pairwise(sizes)]

    def weights(self, rng: torch.Generator) -> Layers:
        """Random weights and biases, so large that activation, pooling and softmax matter."""
        layers = []
        for shape in self.shapes():
            scale = (4 if len(shape) == 4 else 2) / math.prod(shape[1:]) ** 0.5
            layers.append((scale * torch.randn(shape, generator=rng), torch.randn(shape[0], generator=rng)))
        return layers


def forward(case: Case, layers: Layers, images: torch.Tensor, how: Behaviour) -> torch.Tensor:
    """The output (B, n_classes) of a network built in that way; its activation is tanh, in a CNN sine."""
    activation = torch.tanh if case.kind == "mlp" else torch.sin
    convolutions = [layer for layer in layers if layer[0].dim() == 4]
    dense = layers[len(convolutions) :]
    strides, paddings = case.settings.get("strides", ()), case.settings.get("paddings", ())
    if how.swapped:
        strides, paddings = paddings, strides
    x = images
    for index, (weight, bias) in enumerate(convolutions):
        x = F.conv2d(x, weight, bias, strides[index], paddings[index])
        last = index == len(convolutions) - 1
        x = _block(
            x, how.last_block if last else how.inner_block, how.last_pool if last else "max", activation
        )
    x = x.flatten(1)
    for weight, bias in dense[:-1]:
        x = F.linear(x, weight, bias)
        x = activation(x) if how.hidden_activation else x
    x = F.linear(x, *dense[-1])
    x = activation(x) if how.last_activation else x
    return {
        "softmax": lambda: x.softmax(1),
        "none": lambda: x,
        "softmax over the batch": lambda: x.softmax(0),
        "log-softmax": lambda: x.log_softmax(1),
    }[how.end]()


def _block(
    x: torch.Tensor, order: str, pools: str, activation: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """Activation and pooling after a convolution, in the given order."""
    pool = {"max": (_max,), "adaptive max": (_adaptive,), "max, adaptive max": (_max, _adaptive)}.get(
        pools, (_average,)
    )
    steps = {"activation, pool": (activation, *pool), "pool, activation": (*pool, activation), "pool": pool}[
        order
    ]
    for step in steps:
        x = step(x)
    return x


def _max(x: torch.Tensor) -> torch.Tensor:
    return F.max_pool2d(x, 2)


def _adaptive(x: torch.Tensor) -> torch.Tensor:
    return F.adaptive_max_pool2d(x, (4, 4))


def _average(x: torch.Tensor) -> torch.Tensor:
    return F.adaptive_avg_pool2d(x, (4, 4))


def explain(case: Case, layers: Layers, images: torch.Tensor, output: torch.Tensor) -> Behaviour | None:
    """The way with the fewest mistakes that gives this output; None if none does."""
    for how in _ways(DENSE if case.kind == "mlp" else tuple(CHOICES)):
        expected = forward(case, layers, images, how)
        if output.shape == expected.shape and torch.allclose(output.float(), expected, rtol=1e-3, atol=1e-4):
            return how
    return None


def _ways(names: tuple[str, ...]) -> Iterator[Behaviour]:
    """The right way, then every way with one mistake, then with two and three."""
    for count in range(MOST_MISTAKES + 1):
        for wrong in itertools.combinations(names, count):
            for values in itertools.product(*(CHOICES[name][1:] for name in wrong)):
                yield replace(Behaviour(), **dict(zip(wrong, values, strict=True)))


assert set(CHOICES) == {field.name for field in fields(Behaviour)}


def small_network(
    rng: torch.Generator, sizes: tuple[int, ...], activation: type[nn.Module] = nn.Tanh
) -> nn.Sequential:
    """A right MLP of the given sizes, with its own random weights, for tests of what trains a network."""
    layers: list[nn.Module] = [nn.Flatten()]
    for size, out in itertools.pairwise(sizes):
        linear = nn.Linear(size, out)
        for parameter, width in ((linear.weight, size), (linear.bias, 4)):
            parameter.data = torch.randn(parameter.shape, generator=rng) / width**0.5
        layers += [linear, activation()]
    return nn.Sequential(*layers[:-1], nn.Softmax(dim=1))


def cross_entropy(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of a network's probabilities and labels (B,)."""
    return F.nll_loss(network(images).clamp_min(1e-9).log(), labels)


def gradient_norm(network: nn.Module) -> torch.Tensor:
    """Euclidean norm of the gradients of all parameters."""
    return torch.cat([parameter.grad.flatten() for parameter in network.parameters()]).norm()
