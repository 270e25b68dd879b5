"""compute_loss_and_accuracy and compute_gradient_norm."""

from __future__ import annotations

import math

import stimuli
import torch
from bench import CLASSES
from networks import cross_entropy, gradient_norm, small_network

from grader.spec import close, part, points, visibility

SIZES = (36, 7, CLASSES)  # of the network that a test lends to the Trainer


def batch(rng, count=6):
    """Images (count, 1, 6, 6), labels (count,) and a network for them."""
    labels = torch.randint(0, CLASSES, (count,), generator=rng)
    return torch.randn(count, 1, 6, 6, generator=rng), labels, small_network(rng, SIZES)


@part("compute_loss_and_accuracy")
@points(1)
@visibility("visible")
def test_loss(bench, rng):
    """compute_loss_and_accuracy gives the mean cross-entropy of the network's probabilities over a batch."""
    images, labels, network = batch(rng)
    loss, _ = bench.with_network(network).compute_loss_and_accuracy(images, bench.one_hot(labels))
    assert loss == close(cross_entropy(network, images, labels))


@part("compute_loss_and_accuracy")
@points(1)
@visibility("visible")
def test_accuracy(bench, rng):
    """compute_loss_and_accuracy gives the share of images whose most probable class is right, here 3 of 4."""
    images, _, network = batch(rng, 4)
    labels = network(images).argmax(1)
    labels[1] = (labels[1] + 1) % CLASSES
    _, accuracy = bench.with_network(network).compute_loss_and_accuracy(images, bench.one_hot(labels))
    assert accuracy == close(0.75)


@part("compute_loss_and_accuracy")
@points(1)
def test_loss_keeps_its_graph(bench, rng):
    """The loss of compute_loss_and_accuracy is a tensor that can be differentiated."""
    images, labels, network = batch(rng)
    loss, _ = bench.with_network(network).compute_loss_and_accuracy(images, bench.one_hot(labels))
    has_graph = bench.submission.define(
        "lambda loss: isinstance(loss, torch.Tensor) and loss.grad_fn is not None"
    )
    assert has_graph(loss) is True, "The loss is not a tensor with a graph."


@part("compute_loss_and_accuracy")
@points(0.5)
def test_loss_under_inference_mode(bench, rng):
    """compute_loss_and_accuracy also works under torch.inference_mode, as log_metrics uses it."""
    images, labels, network = batch(rng)
    quietly = bench.submission.define(stimuli.QUIETLY)
    loss, _ = quietly(bench.with_network(network), images, bench.one_hot(labels))
    assert math.isfinite(loss), "The loss is not finite."


@part("compute_loss_and_accuracy")
@points(0.5)
def test_loss_is_clipped(bench):
    """The loss of an image whose right class has probability 0 is finite: it is clipped to epsilon."""
    images = torch.zeros(1, 1, 2, 2)
    network = small_network(torch.Generator(), (4, CLASSES))
    network[1].bias.data = torch.arange(CLASSES) * 200.0  # the last class has all the probability
    labels = bench.one_hot(torch.tensor([3]))
    loss, _ = bench.with_network(network).compute_loss_and_accuracy(images, labels)
    # A mean over the classes as well is a mistake that another test is about.
    expected = -torch.log(torch.tensor(1e-9))
    assert loss == close(expected / CLASSES, rtol=1e-3) or loss == close(expected, rtol=1e-3)


@part("compute_gradient_norm")
@points(1)
@visibility("visible")
def test_compute_gradient_norm_of_one_parameter(submission):
    """compute_gradient_norm of a Linear layer whose only gradient is [[3, 4]] is 5."""
    network = submission.torch.nn.Linear(2, 1, bias=False)
    network(torch.tensor([[3.0, 4.0]])).sum().backward()
    assert submission.solution.Trainer.compute_gradient_norm(network) == close(5.0)


@part("compute_gradient_norm")
@points(1)
def test_compute_gradient_norm_of_a_network(bench, rng):
    """compute_gradient_norm takes the gradients of all parameters together, as one long vector."""
    images, labels, network = batch(rng)
    cross_entropy(network, images, labels).backward()
    theirs = bench.with_network(network).network
    bench.submission.define(stimuli.BACKWARD)(theirs, images, labels)
    assert bench.submission.solution.Trainer.compute_gradient_norm(theirs) == close(gradient_norm(network))
