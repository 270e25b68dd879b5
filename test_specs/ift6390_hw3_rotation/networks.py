"""What the homework's networks compute, in the right way and in every way that students build them.

A spec sets the weights of a student's network, runs it on images and asks `explain` which way of building
it gives that output. So a network that ends in a softmax loses the points for that, and none for its
activations.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from grader.spec import Layer

Layers = list[
    tuple[torch.Tensor, torch.Tensor]
]  # weight and bias of each layer, in the order of the forward pass


@dataclass(frozen=True)
class Behaviour:
    """How a network is built, as far as its output shows it. The defaults are right."""

    inner_block: str = "activation, pool"  # what follows each convolution but the last
    last_block: str = "activation, pool"  # what follows the last one
    last_pool: str = "adaptive max"
    strides: str = "configured"
    padded: bool = False  # by half the kernel; the homework has no padding
    hidden_activation: bool = True  # after each Linear but the last
    last_activation: bool = False  # after the last Linear
    end: str = "none"  # what follows the last layer


CHOICES: dict[str, tuple[Any, ...]] = {
    "inner_block": ("activation, pool", "pool, activation", "pool"),
    "last_block": ("activation, pool", "pool, activation", "pool"),
    "last_pool": ("adaptive max", "max, adaptive max", "adaptive average"),
    "strides": ("configured", "ignored", "taken for paddings"),
    "padded": (False, True),
    "hidden_activation": (True, False),
    "last_activation": (False, True),
    "end": ("none", "softmax", "sigmoid", "relu", "squeezed"),
}
DENSE = ("hidden_activation", "last_activation", "end")
MOST_MISTAKES = 3  # of one network
LARGEST = 2000  # units of a layer that is looked into


@dataclass(frozen=True)
class Case:
    """A network to build: the arguments of create_mlp or create_cnn, and what it is run on."""

    kind: str  # mlp or cnn
    size: int  # input_dim or in_channels
    settings: dict[str, tuple[int, ...]]  # of NetworkConfiguration
    images: tuple[int, ...]  # shape (B, C, H, W)
    outputs: int = 1  # ten where a student kept the classes

    @property
    def width(self) -> int:
        """How many numbers the dense part takes: of an MLP all pixels, else 4x4 of each channel."""
        return self.size if self.kind == "mlp" else 16 * self.settings["n_channels"][-1]

    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of all weights in the order of the forward pass; all different, to find layers by."""
        channels = (self.size, *self.settings.get("n_channels", ()))
        kernels = self.settings.get("kernel_sizes", ())
        sizes = (self.width, *self.settings["dense_hiddens"], self.outputs)
        return [
            (out, size, kernel, kernel)
            for (size, out), kernel in zip(itertools.pairwise(channels), kernels, strict=True)
        ] + [(out, size) for size, out in itertools.pairwise(sizes)]

    def weights(self, rng: torch.Generator, images: torch.Tensor) -> Layers:
        """Random weights and biases, so large that activation and pooling matter. For these images the
        outputs have mean 0 and deviation 1, so that what comes after the last layer matters too.
        """
        layers = []
        for shape in self.shapes():
            scale = (4 if len(shape) == 4 else 2) / math.prod(shape[1:]) ** 0.5
            layers.append((scale * torch.randn(shape, generator=rng), torch.randn(shape[0], generator=rng)))
        deviation, mean = torch.std_mean(forward(self, layers, images, Behaviour()), 0)
        weight, bias = layers.pop()
        return [*layers, (weight / deviation[:, None], (bias - mean) / deviation)]


def with_their_sizes(case: Case, described: Sequence[Layer]) -> Case:
    """The case with the Linear layers that the student's network has, if they are a chain: the test of layers
    is the one to say that they are others.
    """
    linear = [layer.config for layer in described if layer.type == "Linear"]
    after = {config["in_features"]: config["out_features"] for config in linear}
    sizes = [case.width]
    while sizes[-1] in after:
        sizes.append(after.pop(sizes[-1]))
    if len(sizes) != len(linear) + 1 or len(sizes) < 3 or max(sizes) > LARGEST:
        return case
    return replace(case, settings={**case.settings, "dense_hiddens": tuple(sizes[1:-1])}, outputs=sizes[-1])


def forward(case: Case, layers: Layers, images: torch.Tensor, how: Behaviour) -> torch.Tensor:
    """The output (B, outputs) of a network built in that way; its activation is tanh, in a CNN sine."""
    activation = torch.tanh if case.kind == "mlp" else torch.sin
    convolutions = [layer for layer in layers if layer[0].dim() == 4]
    x = images
    for index, (weight, bias) in enumerate(convolutions):
        x = F.conv2d(x, weight, bias, *_stride_and_padding(case, index, how))
        last = index == len(convolutions) - 1
        x = _block(
            x, how.last_block if last else how.inner_block, how.last_pool if last else "max", activation
        )
    *hidden, output = layers[len(convolutions) :]
    x = x.flatten(1)
    for weight, bias in hidden:
        x = F.linear(x, weight, bias)
        x = activation(x) if how.hidden_activation else x
    x = F.linear(x, *output)
    return _ending(activation(x) if how.last_activation else x, how.end)


def _stride_and_padding(case: Case, index: int, how: Behaviour) -> tuple[int, int]:
    """Of one convolution."""
    stride, half = case.settings["strides"][index], case.settings["kernel_sizes"][index] // 2
    padding = stride if how.strides == "taken for paddings" else half if how.padded else 0
    return stride if how.strides == "configured" else 1, padding


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


def _ending(x: torch.Tensor, end: str) -> torch.Tensor:
    return {
        "none": lambda: x,
        "softmax": lambda: x.softmax(1),
        "sigmoid": x.sigmoid,
        "relu": x.relu,
        "squeezed": lambda: x.squeeze(1),
    }[end]()


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


def small_network(rng: torch.Generator, sizes: tuple[int, ...]) -> nn.Sequential:
    """A right MLP of the given sizes, with its own random weights, for tests of what trains a network."""
    layers: list[nn.Module] = [nn.Flatten()]
    for size, out in itertools.pairwise(sizes):
        linear = nn.Linear(size, out)
        for parameter, width in ((linear.weight, size), (linear.bias, 4)):
            parameter.data = torch.randn(parameter.shape, generator=rng) / width**0.5
        layers += [linear, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def squared_error(network: nn.Module, images: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Mean squared error of a network's outputs (B, 1) and angles (B, 1)."""
    return (network(images) - angles).square().mean()


def absolute_error(network: nn.Module, images: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Mean absolute error of the same."""
    return (network(images) - angles).abs().mean()


def gradient_norm(network: nn.Module) -> torch.Tensor:
    """Euclidean norm of the gradients of all parameters."""
    return torch.cat([parameter.grad.flatten() for parameter in network.parameters()]).norm()
