"""create_cnn."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from networks import Case

from grader.spec import close, describe, is_remote, part, points, visibility

pytestmark = part("create_cnn")

# Stride and padding are both 1, so that exchanging them costs nothing but the test of that.
SMALL = Case(
    "cnn",
    1,
    6,
    {
        "n_channels": (3, 5, 4),
        "kernel_sizes": (3, 5, 3),
        "strides": (1, 1, 1),
        "paddings": (1, 1, 1),
        "dense_hiddens": (9, 7),
    },
    images=(3, 1, 28, 28),
)
COLOURED = replace(SMALL, size=2)
STRIDES = replace(
    SMALL,
    settings={
        **SMALL.settings,
        "n_channels": (3, 4),
        "kernel_sizes": (3, 3),
        "strides": (1, 2),
        "paddings": (2, 1),
    },
)
REPORTED = {
    "n_channels": (16, 32, 45),
    "kernel_sizes": (3, 3, 3),
    "strides": (1, 1, 1),
    "paddings": (1, 1, 1),
}


@points(0.5)
@visibility("visible")
def test_cnn_output_shape(build):
    """create_cnn gives a module that takes a batch of images (B, C, H, W) and returns (B, n_classes)."""
    network = build(SMALL)
    assert is_remote(network, "torch.nn.Module"), "The network is not a torch.nn.Module."
    assert tuple(network(torch.zeros(SMALL.images)).shape) == (3, 6)


@points(0.5)
def test_cnn_channels_and_kernels(build):
    """create_cnn has one nn.Conv2d per entry of the configuration, with its channels and kernel size."""
    found = [layer.config for layer in describe(build(COLOURED)) if layer.type == "Conv2d"]
    sizes = sorted((x["in_channels"], x["out_channels"], *x["kernel_size"]) for x in found)
    expected = sorted((shape[1], shape[0], *shape[2:]) for shape in COLOURED.shapes() if len(shape) == 4)
    assert sizes == expected, "The convolutions have other channels or kernels."


@points(0.75)
def test_cnn_strides_and_paddings(behaviour):
    """The convolutions of create_cnn use the strides and paddings of the configuration."""
    assert not behaviour(STRIDES).swapped, "Strides and paddings are exchanged."


@points(0.75)
def test_cnn_activation_comes_before_pooling(behaviour):
    """create_cnn applies the activation to each convolution before its max pool."""
    found = behaviour(SMALL)
    assert found.inner_block != "pool", "A convolution has no activation."
    orders = {found.inner_block, found.last_block}
    assert "pool, activation" not in orders, "Pooling comes before the activation."


@points(0.5)
def test_cnn_last_convolution_has_an_activation(behaviour):
    """The last convolution of create_cnn is followed by the activation too."""
    assert behaviour(SMALL).last_block != "pool", "The last convolution has no activation."


@points(0.5)
def test_cnn_last_pool(behaviour):
    """The last convolution of create_cnn has no MaxPool2d, only AdaptiveMaxPool2d((4, 4))."""
    assert behaviour(SMALL).last_pool == "adaptive max", "The last convolution has another pooling."


@points(0.5)
def test_cnn_number_of_parameters(build):
    """create_cnn has the right number of parameters for FashionMNIST and the report's configuration."""
    network = build(Case("cnn", 1, 10, REPORTED, images=(2, 1, 28, 28)))
    assert sum(math.prod(parameter.shape) for parameter in network.parameters()) == 270743


@points(0.5)
def test_cnn_dense_part(behaviour):
    """The dense part of create_cnn has the configured layers, with the activation after each but the last."""
    found = behaviour(SMALL)
    assert found.hidden_activation, "A hidden layer has no activation."
    assert not found.last_activation, "The last Linear layer has an activation."


@points(0.5)
def test_cnn_softmax(build, rng):
    """create_cnn returns probabilities: in each row they are positive and add up to 1."""
    output = build(SMALL)(3 * torch.randn(SMALL.images, generator=rng)).value
    assert bool((output >= 0).all()), "A probability is negative."
    assert output.sum(1) == close(torch.ones(len(output)))
