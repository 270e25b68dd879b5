"""training_step: its result, its effect, and that it forgets the batch before."""

from __future__ import annotations

import copy

import stimuli
import torch
from bench import CLASSES
from networks import cross_entropy, gradient_norm, small_network

from grader.spec import close, part, points, visibility

pytestmark = part("training_step")

SIZES = (36, 7, CLASSES)


def batches(rng, *counts):
    """For each count images (count, 1, 6, 6) and labels (count,)."""
    return [
        (torch.randn(n, 1, 6, 6, generator=rng), torch.randint(0, CLASSES, (n,), generator=rng))
        for n in counts
    ]


def stepped(network, images, labels, rate=0.5):
    """The network after a step of gradient descent, and the norm of the gradient."""
    network = copy.deepcopy(network)
    network.zero_grad()
    cross_entropy(network, images, labels).backward()
    norm = gradient_norm(network)
    torch.optim.SGD(network.parameters(), lr=rate).step()
    return network, norm


def parameters(bench, trainer):
    """The parameters of a trainer's network now."""
    return bench.submission.define(stimuli.PARAMETERS)(trainer.network)


@points(0.5)
@visibility("visible")
def test_training_step_lowers_the_loss(for_training, rng):
    """Ten calls of training_step on one batch lower the network's loss on it."""
    [(images, labels)] = batches(rng, 8)
    network = small_network(rng, SIZES)
    trainer = for_training.with_network(network, rate=0.1)
    ten = for_training.submission.define("lambda step, x, y: len([step(x, y) for _ in range(10)])")
    ten(trainer.training_step, images, for_training.one_hot(labels))
    after = copy.deepcopy(network)
    for parameter, value in zip(after.parameters(), parameters(for_training, trainer), strict=True):
        parameter.data = value
    losses = [cross_entropy(one, images, labels).item() for one in (network, after)]
    assert losses[1] < losses[0], "The loss is not lower than before."


@points(1.5)
@visibility("visible")
def test_training_step_moves_the_parameters(for_training, rng):
    """training_step changes the parameters by one step of the optimizer along the batch's gradient."""
    [(images, labels)] = batches(rng, 5)
    network = small_network(rng, SIZES)
    trainer = for_training.with_network(network)
    trainer.training_step(images, for_training.one_hot(labels))
    expected, _ = stepped(network, images, labels)
    assert parameters(for_training, trainer) == close([value.detach() for value in expected.parameters()])


@points(1.5)
def test_training_step_returns_the_gradient_norm(for_training, rng):
    """training_step returns the norm of the gradient of the batch it was given."""
    [(images, labels)] = batches(rng, 5)
    network = small_network(rng, SIZES)
    norm = for_training.with_network(network).training_step(images, for_training.one_hot(labels))
    assert norm == close(stepped(network, images, labels)[1])


@points(1.5)
def test_training_step_twice(for_training, rng):
    """A second training_step, on another batch, follows the gradient of that batch alone."""
    network = small_network(rng, SIZES)
    trainer, expected = for_training.with_network(network), network
    for images, labels in batches(rng, 5, 4):
        trainer.training_step(images, for_training.one_hot(labels))
        expected, _ = stepped(expected, images, labels)
    assert parameters(for_training, trainer) == close([value.detach() for value in expected.parameters()])
