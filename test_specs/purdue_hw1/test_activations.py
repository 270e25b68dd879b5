"""Part `activations`: 10 points. Classes are rows, examples columns."""

import math

import pytest
import torch

from grader.spec import close, part, points, visibility

pytestmark = [part("activations")]


@points(1)
@visibility("visible")
def test_relu(activations):
    """relu keeps positive values and gives 0 for the others."""
    z = torch.tensor([[-2.0, 0.0, 3.0], [0.5, -0.1, -1000.0]])
    assert activations.module.relu(z) == close(torch.tensor([[0.0, 0.0, 3.0], [0.5, 0.0, 0.0]]))


@points(1)
def test_relu_leaves_input(activations, rng):
    """relu leaves its input as it is."""
    z = torch.randn(4, 5, generator=rng)
    assert activations.leaves_alone(z), "relu has changed its input: make a new tensor."


@points(2)
def test_softmax(activations, rng):
    """softmax gives probabilities: each column, an example, sums to one over the classes."""
    z = torch.randn(4, 6, generator=rng)
    assert activations.module.softmax(z) == close(z.softmax(dim=0))


@points(3)
@pytest.mark.parametrize("size", ["usual", "large"])
def test_stable_softmax(activations, others_right, rng, size):
    """stable_softmax gives the same, also for values of 1000 and -1000."""
    usual = torch.randn(3, 5, generator=rng)
    large = torch.tensor(
        [[1000.0, -1000.0, 1000.0, 0.0], [0.0, -1000.0, 1000.0, 1.0], [-1000.0, -1000.0, 0.0, 2.0]]
    )
    z = usual if size == "usual" else large + torch.rand(3, 4, generator=rng)
    assert activations.module.stable_softmax(z) == close(z.softmax(dim=0))


@points(1)
@pytest.mark.parametrize("name", ["relu", "softmax", "stable_softmax"])
def test_empty_batch(activations, name):
    """relu, softmax and stable_softmax take a batch without examples."""
    result = getattr(activations.module, name)(torch.zeros(3, 0))
    assert tuple(result.shape) == (3, 0), f"Got shape {tuple(result.shape)}."


@points(1)
def test_cross_entropy(activations, rng):
    """cross_entropy is the mean over the examples, not their sum."""
    X = torch.randn(4, 6, generator=rng).softmax(dim=0)
    y = torch.randint(0, 4, (6,), generator=rng)
    expected = -X[y, torch.arange(6)].log().mean()
    assert activations.cross_entropy(X, torch.eye(4)[:, y]) == close(expected.item())


@points(1)
def test_cross_entropy_of_zero(activations):
    """cross_entropy stays finite where a probability is 0: epsilon is the least that counts."""
    y_1hot = torch.tensor([[1.0], [0.0]])
    impossible = activations.cross_entropy(torch.tensor([[0.0], [1.0]]), y_1hot)
    assert math.isfinite(impossible), f"The cross-entropy is {impossible}."
    assert impossible > 15, "A right class of probability 0 costs -log(1e-14), about 32."
    assert activations.cross_entropy(torch.tensor([[1.0], [0.0]]), y_1hot) == close(0.0)
