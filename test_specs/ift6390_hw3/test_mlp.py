"""create_mlp."""

from __future__ import annotations

import math

import torch
from networks import Case

from grader.spec import close, describe, is_remote, part, points, visibility

pytestmark = part("create_mlp")

SMALL = Case("mlp", 24, 4, {"dense_hiddens": (9, 7, 5)}, images=(3, 2, 3, 4))
DEFAULT = Case("mlp", 784, 10, {}, images=(2, 1, 28, 28))
IMPLICIT = """
def warned(network, images):
    import warnings
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network(images)
    return any("mplicit dimension" in str(warning.message) for warning in caught)
"""


@points(0.5)
@visibility("visible")
def test_mlp_output_shape(build):
    """create_mlp gives a module that takes a batch of images (B, C, H, W) and returns (B, n_classes)."""
    network = build(SMALL)
    assert is_remote(network, "torch.nn.Module"), "The network is not a torch.nn.Module."
    assert tuple(network(torch.zeros(SMALL.images)).shape) == (3, 4)


@points(1)
def test_mlp_layers(build):
    """create_mlp has one nn.Linear for each hidden size and one for the classes, of the right sizes."""
    layers = describe(build(SMALL))
    sizes = sorted((x.config["in_features"], x.config["out_features"]) for x in layers if x.type == "Linear")
    assert sizes == sorted((width, out) for out, width in SMALL.shapes()), (
        "The Linear layers have other sizes."
    )


@points(0.5)
def test_mlp_number_of_parameters(build):
    """create_mlp has the right number of parameters for FashionMNIST and the default configuration."""
    assert number_of_parameters(build(DEFAULT)) == 269322


@points(1)
def test_mlp_hidden_activation(behaviour):
    """create_mlp applies the activation after every Linear layer but the last."""
    assert behaviour(SMALL).hidden_activation, "A hidden layer has no activation."


@points(0.5)
def test_mlp_no_activation_before_the_softmax(behaviour):
    """create_mlp applies no activation between the last Linear layer and the softmax."""
    assert not behaviour(SMALL).last_activation, "The last Linear layer has an activation."


@points(1)
def test_mlp_softmax(build, rng):
    """create_mlp returns probabilities: in each row they are positive and add up to 1."""
    output = build(SMALL)(3 * torch.randn(SMALL.images, generator=rng)).value
    assert bool((output >= 0).all()), "A probability is negative."
    assert output.sum(1) == close(torch.ones(len(output)))


@points(0.5)
def test_mlp_softmax_says_over_which_dimension(submission, build):
    """The softmax of create_mlp is told its dimension, so that torch need not guess it and warn."""
    warned = submission.define(IMPLICIT)(build(SMALL), torch.zeros(SMALL.images))
    assert warned is False, "torch warns that the dimension of the softmax is implicit."


def number_of_parameters(network):
    """Of a remote network, from the shapes that it reports."""
    return sum(math.prod(parameter.shape) for parameter in network.parameters())
