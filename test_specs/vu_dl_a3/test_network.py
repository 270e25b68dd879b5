"""Part `network`: 5 points.

Structure is not taken on the sandbox's word: the student's weights are put into the reference networks,
found by their shapes, and the outputs on new images are compared.
"""

import itertools

import pytest
import torch

from grader.spec import close, part, points, visibility

pytestmark = [part("network")]

PARAMETERS = "lambda network: [parameter.detach() for parameter in network.parameters()]"


def with_weights(network, weights):
    """`network` with `weights`, matched by shape (all are different); None if the shapes are not the same."""
    given = {tuple(weight.shape): weight for weight in weights}
    own = list(network.parameters())
    if len(weights) != len(own) or given.keys() != {tuple(parameter.shape) for parameter in own}:
        return None
    with torch.no_grad():
        for parameter in own:
            parameter.copy_(given[tuple(parameter.shape)])
    return network


def outputs(network, weights, images):
    """What the reference network says with the student's weights."""
    network = with_weights(network, weights)
    assert network is not None, "The layers have other shapes than described."
    with torch.no_grad():
        return network(images)


def readings(reference, n_filters):
    """Networks for every way to read "global pooling": maximum or mean, after a third max pooling or not."""
    choices = itertools.product((False, True), (True, False))
    return [reference.VariableNet(n_filters, mean=mean, last_pool=last_pool) for mean, last_pool in choices]


def distance(scores, found):
    """How far apart two outputs are; infinitely far if their shapes differ."""
    return (scores - found).abs().max() if scores.shape == found.shape else torch.inf


@points(1)
@visibility("visible")
def test_count_parameters(student):
    """count_parameters counts the trainable numbers of a network, not frozen layers and buffers."""
    make = "lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2).requires_grad_(False))"
    network = student.submission.define(make)()
    assert student.submission.conv.count_parameters(network) == close(4 * 3 + 3 + 2 * 3)


@points(1)
def test_net(student, reference, rng):
    """Net has the layers described: with its weights in a network of ours, both give the same scores."""
    images = torch.randn(3, 1, 28, 28, generator=rng)
    network = student.submission.conv.Net()
    expected = outputs(reference.Net(), student.define(PARAMETERS)(network), images)
    assert student.scores(network, images) == close(expected, rtol=1e-3, atol=1e-4)


@points(1)
@pytest.mark.parametrize("n_filters", [64, 82])
def test_variable_net(student, reference, rng, n_filters):
    """VariableNet has the layers described, with n_filters filters and global pooling at the end."""
    images = torch.randn(3, 1, 32, 32, generator=rng)
    network = student.submission.conv.VariableNet(n_filters)
    weights = student.define(PARAMETERS)(network)
    found = student.scores(network, images)
    expected = [outputs(network, weights, images) for network in readings(reference, n_filters)]
    nearest = min(expected, key=lambda scores: distance(scores, found))
    assert found == close(nearest, rtol=1e-3, atol=1e-4)


@points(1)
@visibility("visible")
def test_variable_net_sizes(student, rng):
    """VariableNet gives 10 scores for each image, be they of 32, 48 or 64 pixels."""
    network = student.submission.conv.VariableNet()
    for size in (32, 48, 64):
        images = torch.randn(2, 1, size, size, generator=rng)
        shape = tuple(student.scores(network, images).shape)
        assert shape == (2, 10), f"Got shape {shape} for two images of {size} pixels."


@points(1)
@pytest.mark.parametrize(("name", "size"), [("Net", 28), ("VariableNet", 32)])
def test_batch_of_one(student, rng, name, size):
    """A batch of one image gives scores of shape (1, 10), from Net and from VariableNet."""
    network = getattr(student.submission.conv, name)()
    images = torch.randn(1, 1, size, size, generator=rng)
    shape = tuple(student.scores(network, images).shape)
    assert shape == (1, 10), f"Got shape {shape}."
