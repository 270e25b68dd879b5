"""compute_loss_and_mae and compute_gradient_norm."""

from __future__ import annotations

import math

import pytest
import stimuli
import torch
from bench import scalar
from networks import absolute_error, gradient_norm, small_network, squared_error

from grader.spec import close, part, points, visibility

SIZES = (36, 7, 1)  # of the network that a test lends to the Trainer


def batch(rng, count=6):
    """Images (count, 1, 6, 6), angles (count, 1) and a network that is not far from them.

    Where all outputs are larger than all angles, the mean absolute error over all pairs is the right one.
    """
    images, network = torch.randn(count, 1, 6, 6, generator=rng), small_network(rng, SIZES)
    outputs = network(images).detach()
    errors = 0.3 * outputs.std() * torch.randn(count, 1, generator=rng)
    return images, outputs + errors, network


def all_pairs(network, images, angles):
    """The errors (B, B) of each output against each angle: a mistake that a test of its own is about."""
    return network(images).detach() - angles.detach().T


@part("compute_loss_and_mae")
@points(0.75)
@visibility("visible")
def test_loss(bench, rng):
    """compute_loss_and_mae gives the mean squared error of the network over a batch."""
    images, angles, network = batch(rng)
    loss = scalar(bench.with_network(network).compute_loss_and_mae(images, angles)[0])
    broadcast = close(all_pairs(network, images, angles).square().mean())
    assert loss == broadcast or loss == close(squared_error(network, images, angles))


@part("compute_loss_and_mae")
@points(0.75)
@visibility("visible")
def test_mae(bench, rng):
    """compute_loss_and_mae gives the mean absolute error after the loss."""
    images, angles, network = batch(rng)
    mae = scalar(bench.with_network(network).compute_loss_and_mae(images, angles)[1])
    broadcast = close(all_pairs(network, images, angles).abs().mean())
    assert mae == broadcast or mae == close(absolute_error(network, images, angles))


@part("compute_loss_and_mae")
@points(1)
@pytest.mark.parametrize("shape", [(6, 1), (6,)], ids=["B1", "B"])
def test_loss_and_mae_compare_each_output_with_its_own_target(bench, rng, shape):
    """Outputs (B, 1) and targets (B, 1) or (B,) are compared one by one, and not broadcast to (B, B)."""
    images, angles, network = batch(rng)
    result = bench.with_network(network).compute_loss_and_mae(images, angles.reshape(shape))
    pairs = all_pairs(network, images, angles)
    for value, wrong in zip(map(scalar, result), (pairs.square().mean(), pairs.abs().mean()), strict=True):
        same = torch.allclose(torch.as_tensor(value).double(), wrong.double(), rtol=1e-4)
        assert not same, "Every output is compared with every target: their shapes differ."


@part("compute_loss_and_mae")
@points(1)
def test_loss_keeps_its_graph(bench, rng):
    """The loss of compute_loss_and_mae is a tensor that can be differentiated."""
    images, angles, network = batch(rng)
    loss, _ = bench.with_network(network).compute_loss_and_mae(images, angles)
    has_graph = bench.submission.define(
        "lambda loss: isinstance(loss, torch.Tensor) and loss.grad_fn is not None"
    )
    assert has_graph(loss) is True, "The loss is not a tensor with a graph."


@part("compute_loss_and_mae")
@points(0.5)
def test_loss_under_inference_mode(bench, rng):
    """compute_loss_and_mae also works under torch.inference_mode, as log_metrics uses it."""
    images, angles, network = batch(rng)
    quietly = bench.submission.define(stimuli.QUIETLY)
    loss, mae, _ = quietly(bench.with_network(network), images, angles)
    assert math.isfinite(loss), "The loss is not finite."
    assert math.isfinite(mae), "The error is not finite."


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
    images, angles, network = batch(rng)
    squared_error(network, images, angles).backward()
    theirs = bench.with_network(network).network
    bench.submission.define(stimuli.BACKWARD)(theirs, images, angles)
    assert bench.submission.solution.Trainer.compute_gradient_norm(theirs) == close(gradient_norm(network))
