"""evaluate."""

from __future__ import annotations

import torch
from bench import scalar
from networks import absolute_error, small_network, squared_error

from grader.spec import close, part, points, visibility

pytestmark = part("evaluate")


def a_set(rng, count):
    """Images (count, 1, 6, 6), their angles (count, 1) and a network."""
    images, angles = torch.randn(count, 1, 6, 6, generator=rng), torch.randn(count, 1, generator=rng)
    return images, angles, small_network(rng, (36, 7, 1))


@points(1)
@visibility("visible")
def test_evaluate_loss(for_evaluation, rng):
    """evaluate returns the average loss over the set that it is given."""
    images, angles, network = a_set(rng, 20)
    loss, _ = for_evaluation.with_network(network).evaluate(images, angles)
    assert scalar(loss) == close(squared_error(network, images, angles))


@points(1)
def test_evaluate_mae(for_evaluation, rng):
    """evaluate returns the mean absolute error after the loss."""
    images, angles, network = a_set(rng, 20)
    _, mae = for_evaluation.with_network(network).evaluate(images, angles)
    assert scalar(mae) == close(absolute_error(network, images, angles))


@points(0.5)
def test_evaluate_more_than_a_batch(for_evaluation, rng):
    """evaluate gives every image the same weight, also where there are more of them than in a batch."""
    images, angles, network = a_set(rng, 150)
    angles[128:] += 3  # what is left after a batch is unlike it
    loss, _ = for_evaluation.with_network(network).evaluate(images, angles)
    assert scalar(loss) == close(squared_error(network, images, angles))


@points(0.5)
def test_evaluate_does_not_train(for_evaluation, rng):
    """evaluate leaves the network's parameters as they are."""
    images, angles, network = a_set(rng, 8)
    trainer = for_evaluation.with_network(network)
    trainer.evaluate(images, angles)
    assert for_evaluation.parameters(trainer) == close([value.detach() for value in network.parameters()])
