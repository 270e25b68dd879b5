"""create_mlp."""

from __future__ import annotations

import math

import torch
from networks import Case

from grader.spec import describe, is_remote, part, points, visibility

pytestmark = part("create_mlp")

SMALL = Case("mlp", 24, {"dense_hiddens": (9, 7, 5)}, images=(3, 2, 3, 4))
DEFAULT = Case("mlp", 784, {}, images=(2, 1, 28, 28))


@points(0.5)
@visibility("visible")
def test_mlp_output_shape(build, output):
    """create_mlp gives a module that takes images (B, C, H, W) and returns one number each, (B, 1)."""
    network = build(SMALL)
    assert is_remote(network, "torch.nn.Module"), "The network is not a torch.nn.Module."
    shape = tuple(output(network, torch.zeros(SMALL.images)).shape)
    assert shape == (3, 1), f"For 3 images the output has shape {shape}."


@points(1.5)
def test_mlp_layers(build):
    """create_mlp has one nn.Linear for each hidden size and one for the output, of the right sizes."""
    layers = describe(build(SMALL))
    sizes = sorted((x.config["in_features"], x.config["out_features"]) for x in layers if x.type == "Linear")
    assert sizes == sorted((width, out) for out, width in SMALL.shapes()), (
        "The Linear layers have other sizes."
    )


@points(0.5)
def test_mlp_number_of_parameters(build):
    """create_mlp has the right number of parameters for images of 28x28 and the default configuration."""
    assert sum(math.prod(parameter.shape) for parameter in build(DEFAULT).parameters()) == 267009


@points(1.5)
def test_mlp_hidden_activation(behaviour):
    """create_mlp applies the activation after every Linear layer but the last."""
    assert behaviour(SMALL).hidden_activation, "A hidden layer has no activation."


@points(0.5)
def test_mlp_no_activation_after_the_last(behaviour):
    """create_mlp applies no activation after the last Linear layer: angles may have any sign and size."""
    found = behaviour(SMALL)
    assert not found.last_activation, "The last Linear layer has an activation."
    assert found.end not in ("relu", "sigmoid"), f"The last Linear layer is followed by a {found.end}."


@points(0.5)
def test_mlp_no_softmax(behaviour):
    """create_mlp ends without softmax, which makes a single output always 1."""
    assert behaviour(SMALL).end != "softmax", "The last Linear layer is followed by a softmax."
