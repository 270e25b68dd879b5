"""create_cnn."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from networks import Case

from grader.spec import describe, is_remote, part, points, visibility

pytestmark = part("create_cnn")

# All strides are 1, so that leaving them out costs nothing but the test of that. The images are so large that
# the last pooling has something to choose from.
SMALL = Case(
    "cnn",
    1,
    {"n_channels": (3, 5, 4), "kernel_sizes": (3, 5, 3), "strides": (1, 1, 1), "dense_hiddens": (9, 7)},
    images=(3, 1, 40, 40),
)
COLOURED = replace(SMALL, size=2)
STRIDES = replace(
    SMALL,
    settings={"n_channels": (3, 4), "kernel_sizes": (3, 3), "strides": (1, 2), "dense_hiddens": (9, 7)},
)
SINGLE = replace(
    SMALL,
    settings={"n_channels": (4,), "kernel_sizes": (3,), "strides": (1,), "dense_hiddens": (9, 7)},
    images=(3, 1, 28, 28),
)
STUDIED = {
    "n_channels": (16, 32, 45),
    "kernel_sizes": (3, 3, 3),
    "strides": (1, 1, 1),
    "dense_hiddens": (128,),
}


@points(0.5)
@visibility("visible")
def test_cnn_output_shape(build, output):
    """create_cnn gives a module that takes images (B, C, H, W) and returns one number each, (B, 1)."""
    network = build(SMALL)
    assert is_remote(network, "torch.nn.Module"), "The network is not a torch.nn.Module."
    shape = tuple(output(network, torch.zeros(SMALL.images)).shape)
    assert shape == (3, 1), f"For 3 images the output has shape {shape}."


@points(0.5)
def test_cnn_channels_and_kernels(build):
    """create_cnn has one nn.Conv2d per entry of the configuration, with its channels and kernel size."""
    found = [layer.config for layer in describe(build(COLOURED)) if layer.type == "Conv2d"]
    sizes = sorted((x["in_channels"], x["out_channels"], *x["kernel_size"]) for x in found)
    expected = sorted((shape[1], shape[0], *shape[2:]) for shape in COLOURED.shapes() if len(shape) == 4)
    assert sizes == expected, "The convolutions have other channels or kernels."


@points(0.5)
def test_cnn_strides(behaviour):
    """The convolutions of create_cnn use the strides of the configuration."""
    found = behaviour(STRIDES).strides
    assert found != "ignored", "The strides of the configuration have no effect."
    assert found == "configured", "The strides are used as paddings."


@points(0.25)
def test_cnn_no_padding(behaviour):
    """The convolutions of create_cnn have no padding."""
    assert not behaviour(SMALL).padded, "A convolution has padding."


@points(0.5)
def test_cnn_of_one_convolution(behaviour):
    """create_cnn also makes a network with a single convolution."""
    behaviour(SINGLE)


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
    """create_cnn has the right number of parameters for channels (16, 32, 45), kernels 3 and dense (128,)."""
    network = build(Case("cnn", 1, STUDIED, images=(2, 1, 28, 28)))
    assert sum(math.prod(parameter.shape) for parameter in network.parameters()) == 110222


@points(0.5)
def test_cnn_dense_part(behaviour):
    """The dense part of create_cnn has an activation after each layer but the last; nothing follows that."""
    found = behaviour(SMALL)
    assert found.hidden_activation, "A hidden layer has no activation."
    assert not found.last_activation, "The last Linear layer has an activation."
    assert found.end in ("none", "squeezed"), f"The last Linear layer is followed by a {found.end}."
