"""evaluate."""

from __future__ import annotations

import torch
from bench import CLASSES
from networks import cross_entropy, small_network

from grader.spec import close, part, points, visibility

pytestmark = part("evaluate")


def a_set(rng, count):
    """Images (count, 1, 6, 6), a network for them, and labels (count,) of which a part is right."""
    images, network = torch.randn(count, 1, 6, 6, generator=rng), small_network(rng, (36, 7, CLASSES))
    labels = torch.randint(0, CLASSES, (count,), generator=rng)
    labels[::3] = network(images[::3]).argmax(1)
    return images, labels, network


@points(1)
@visibility("visible")
def test_evaluate_loss(for_evaluation, rng):
    """evaluate returns the average loss over a set of images with integer labels."""
    images, labels, network = a_set(rng, 20)
    loss, _ = for_evaluation.with_network(network).evaluate(images, labels)
    assert loss == close(cross_entropy(network, images, labels))


@points(1)
def test_evaluate_accuracy(for_evaluation, rng):
    """evaluate returns the accuracy, from 0 to 1, after the loss."""
    images, labels, network = a_set(rng, 20)
    _, accuracy = for_evaluation.with_network(network).evaluate(images, labels)
    assert accuracy == close((network(images).argmax(1) == labels).float().mean())


@points(0.5)
def test_evaluate_absent_top_class(for_evaluation, rng):
    """evaluate also works on a set in which the top class is absent."""
    images, _, network = a_set(rng, 4)
    labels = torch.tensor([3, 0, 3, 1])
    loss, _ = for_evaluation.with_network(network).evaluate(images, labels)
    assert loss == close(cross_entropy(network, images, labels))


@points(0.5)
def test_evaluate_more_than_a_batch(for_evaluation, rng):
    """evaluate gives every image the same weight, also where there are more of them than in a batch."""
    images, labels, network = a_set(rng, 150)
    labels[128:] = network(images[128:]).argmax(1)  # what is left after a batch is unlike it
    loss, _ = for_evaluation.with_network(network).evaluate(images, labels)
    assert loss == close(cross_entropy(network, images, labels))
