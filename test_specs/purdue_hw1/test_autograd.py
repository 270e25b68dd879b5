"""Part `autograd`: 12 points. The gradients come from autograd."""

import checks
import oracle
import pytest

from grader.spec import part, points

pytestmark = [part("autograd")]

NAME = "AutogradNeuralNetwork"


@pytest.fixture
def problem(rng):
    """Seven examples for a network of three layers."""
    return oracle.make(checks.SHAPE, 7, rng)


@points(1)
def test_autograd_initial_parameters(networks):
    """AutogradNeuralNetwork starts with uniform weights (out, in) and biases (out, 1) within 1 / sqrt(in)."""
    checks.initial_parameters(networks, NAME)


@points(2)
def test_autograd_feed_forward(networks, problem):
    """AutogradNeuralNetwork._feed_forward computes each layer's values before and after its activation."""
    checks.feed_forward(networks, NAME, problem)


@points(1)
def test_autograd_entries(networks, problem):
    """AutogradNeuralNetwork._feed_forward returns one entry per layer in each of its lists."""
    checks.entries(networks, NAME, problem)


@points(1)
@pytest.mark.parametrize("shape", checks.DEPTHS, ids=["one layer", "five layers"])
def test_autograd_depth(networks, rng, shape):
    """AutogradNeuralNetwork computes networks of any depth, also of one layer."""
    checks.depth(networks, NAME, oracle.make(shape, 4, rng))


@points(1)
def test_autograd_loss(networks, problem):
    """AutogradNeuralNetwork.loss is the mean cross-entropy."""
    checks.loss(networks, NAME, problem)


@points(1)
def test_autograd_predict(networks, rng):
    """AutogradNeuralNetwork.predict gives one label for each example."""
    checks.predict(networks, NAME, oracle.make(checks.SHAPE, 40, rng))


@points(2)
def test_autograd_step_weights(networks, problem):
    """One epoch of AutogradNeuralNetwork changes every weight by the learning rate times its gradient."""
    checks.step_weights(networks, NAME, problem)


@points(1)
def test_autograd_step_biases(networks, problem):
    """One epoch of AutogradNeuralNetwork changes every bias by the learning rate times its gradient."""
    checks.step_biases(networks, NAME, problem)


@points(1)
def test_autograd_returned_loss(networks, problem):
    """AutogradNeuralNetwork.train_one_epoch returns the loss."""
    checks.returned_loss(networks, NAME, problem)


@points(1)
def test_autograd_three_steps(networks, problem):
    """Three epochs of AutogradNeuralNetwork are three steps of gradient descent: nothing is left over."""
    checks.three_steps(networks, NAME, problem)
