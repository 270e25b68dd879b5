"""training_step: its result, its effect, and that it forgets the batch before."""

from __future__ import annotations

import copy

import torch
from networks import gradient_norm, small_network, squared_error

from grader.spec import close, part, points, visibility

pytestmark = part("training_step")

SIZES = (36, 7, 1)


def batches(rng, *counts):
    """For each count images (count, 1, 6, 6) and angles (count, 1)."""
    return [(torch.randn(n, 1, 6, 6, generator=rng), torch.randn(n, 1, generator=rng)) for n in counts]


def stepped(network, images, angles, rate=0.1):
    """The network after a step of gradient descent, and the norm of the gradient."""
    network = copy.deepcopy(network)
    network.zero_grad()
    squared_error(network, images, angles).backward()
    norm = gradient_norm(network)
    torch.optim.SGD(network.parameters(), lr=rate).step()
    return network, norm


@points(0.5)
@visibility("visible")
def test_training_step_lowers_the_loss(for_training, rng):
    """Ten calls of training_step on one batch lower the network's loss on it."""
    [(images, angles)] = batches(rng, 8)
    network = small_network(rng, SIZES)
    trainer = for_training.with_network(network, rate=0.01)
    ten = for_training.submission.define("lambda step, x, y: len([step(x, y) for _ in range(10)])")
    ten(trainer.training_step, images, angles)
    after = copy.deepcopy(network)
    for parameter, value in zip(after.parameters(), for_training.parameters(trainer), strict=True):
        parameter.data = value
    losses = [squared_error(one, images, angles).item() for one in (network, after)]
    assert losses[1] < losses[0], "The loss is not lower than before."


@points(1.5)
@visibility("visible")
def test_training_step_moves_the_parameters(for_training, rng):
    """training_step changes the parameters by one step of the optimizer along the batch's gradient."""
    [(images, angles)] = batches(rng, 5)
    network = small_network(rng, SIZES)
    trainer = for_training.with_network(network, rate=0.1)
    trainer.training_step(images, angles)
    expected, _ = stepped(network, images, angles)
    assert for_training.parameters(trainer) == close([value.detach() for value in expected.parameters()])


@points(1.5)
def test_training_step_returns_the_gradient_norm(for_training, rng):
    """training_step returns the norm of the gradient of the batch it was given."""
    [(images, angles)] = batches(rng, 5)
    network = small_network(rng, SIZES)
    norm = for_training.with_network(network, rate=0.1).training_step(images, angles)
    assert norm == close(stepped(network, images, angles)[1])


@points(1.5)
def test_training_step_twice(for_training, rng):
    """A second training_step, on another batch, follows the gradient of that batch alone."""
    network = small_network(rng, SIZES)
    trainer, expected = for_training.with_network(network, rate=0.1), network
    for images, angles in batches(rng, 5, 4):
        trainer.training_step(images, angles)
        expected, _ = stepped(expected, images, angles)
    assert for_training.parameters(trainer) == close([value.detach() for value in expected.parameters()])
