"""Part `basic`: 23 points. The gradients are computed by hand."""

import checks
import oracle
import pytest
import stimuli

from grader.spec import close, part, points

pytestmark = [part("basic")]

NAME = "BasicNeuralNetwork"


@pytest.fixture
def problem(rng):
    """Seven examples for a network of three layers."""
    return oracle.make(checks.SHAPE, 7, rng)


@points(1)
def test_basic_initial_parameters(networks):
    """BasicNeuralNetwork starts with uniform weights (out, in) and biases (out, 1) within 1 / sqrt(in)."""
    checks.initial_parameters(networks, NAME)


@points(2)
def test_basic_feed_forward(networks, problem):
    """BasicNeuralNetwork._feed_forward computes each layer's values before and after its activation."""
    checks.feed_forward(networks, NAME, problem)


@points(1)
def test_basic_entries(networks, problem):
    """BasicNeuralNetwork._feed_forward returns one entry per layer in each of its lists."""
    checks.entries(networks, NAME, problem)


@points(1)
@pytest.mark.parametrize("shape", checks.DEPTHS, ids=["one layer", "five layers"])
def test_basic_depth(networks, rng, shape):
    """BasicNeuralNetwork computes networks of any depth, also of one layer."""
    checks.depth(networks, NAME, oracle.make(shape, 4, rng))


@points(1)
def test_basic_loss(networks, problem):
    """BasicNeuralNetwork.loss is the mean cross-entropy."""
    checks.loss(networks, NAME, problem)


@points(1)
def test_basic_predict(networks, rng):
    """BasicNeuralNetwork.predict gives one label for each example."""
    checks.predict(networks, NAME, oracle.make(checks.SHAPE, 40, rng))


@points(2)
def test_basic_gradients_of_weights(networks, rng):
    """_backpropagation gives the gradients of the weights for one example."""
    one = oracle.make(checks.SHAPE, 1, rng)
    assert networks.gradients(NAME, one)[0] == close(oracle.gradients(one)[0])


@points(1)
def test_basic_gradients_of_biases(networks, rng):
    """_backpropagation gives the gradients of the biases for one example."""
    one = oracle.make(checks.SHAPE, 1, rng)
    assert networks.gradients(NAME, one)[1] == close(oracle.gradients(one)[1])


@points(2)
def test_basic_gradients_of_a_batch(networks, problem):
    """_backpropagation averages the gradients over the examples, as the loss does."""
    found, expected = networks.gradients(NAME, problem), oracle.gradients(problem)
    assert found[0] == close(expected[0])
    assert found[1] == close(expected[1])


@points(1)
def test_basic_relu_at_zero(networks, rng):
    """_backpropagation takes 0 for the derivative of ReLU at 0."""
    one = oracle.make(checks.SHAPE, 1, rng)
    one.weights[0][2], one.biases[0][2] = 0.0, 0.0
    assert networks.gradients(NAME, one)[0][0][2] == close(0 * one.X[0])


@points(1)
@pytest.mark.parametrize("shape", checks.DEPTHS, ids=["one layer", "five layers"])
def test_basic_gradients_depth(networks, rng, shape):
    """_backpropagation works for any depth, also for one layer."""
    one = oracle.make(shape, 1, rng)
    assert networks.gradients(NAME, one)[0] == close(oracle.gradients(one)[0])


@points(2)
def test_basic_step_weights(networks, problem):
    """One epoch of BasicNeuralNetwork changes every weight by the learning rate times its gradient."""
    checks.step_weights(networks, NAME, problem, networks.own_gradients(NAME, problem)[0])


@points(1)
def test_basic_step_biases(networks, problem):
    """One epoch of BasicNeuralNetwork changes every bias by the learning rate times its gradient."""
    checks.step_biases(networks, NAME, problem, networks.own_gradients(NAME, problem)[1])


@points(1)
def test_basic_returned_loss(networks, problem):
    """BasicNeuralNetwork.train_one_epoch returns the loss."""
    checks.returned_loss(networks, NAME, problem)


@points(1)
def test_basic_three_steps(networks, problem):
    """After three epochs BasicNeuralNetwork has the same weights as with autograd's gradients."""
    checks.three_steps(networks, NAME, problem)


@points(4)
def test_basic_without_autograd(networks, problem):
    """BasicNeuralNetwork trains where autograd is switched off."""
    network = networks.new(NAME, problem)
    trained = networks.define(stimuli.WITHOUT_AUTOGRAD)(network, *problem.data, checks.RATE)
    assert trained is True, "BasicNeuralNetwork uses autograd: the gradients have to be computed by hand."
