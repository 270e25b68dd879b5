"""Part `learning`: 4 points. 100 epochs of gradient descent on digits, pixels from 0 to 255 and rate 1e-4.

Accuracy is counted here, from the parameters that the network ends with; the test labels never go in.
"""

import itertools

import oracle
import pytest
import torch
from students import excess

from grader import datasets
from grader.spec import part, points, slow

pytestmark = [part("learning"), slow]

# Measured, see README.md.
SHAPE, IMAGES, EPOCHS, RATE = (784, 300, 100, 10), 300, 100, 1e-4
NEW_IMAGES = 2000  # at most
NEEDED = {datasets.OFFLINE_NAME: 0.65}
NEEDED_OF_REAL_DATA = 0.5


@pytest.fixture(scope="module")
def images():
    """MNIST, or its offline stand-in."""
    return datasets.mnist(datasets.folder_from_environment())


@points(4)
@pytest.mark.parametrize("name", ["AutogradNeuralNetwork", "BasicNeuralNetwork"])
def test_learns(networks, rng, images, record_property, curves, name):
    """In 100 epochs the loss falls, and most new digits are recognised."""
    record_property("data", images.name)
    problem = _problem(images, rng)
    factor = excess(networks, name, oracle.make((6, 5, 4, 3), 5, rng))
    rate = RATE if factor == 1 else RATE / len(problem.y)  # that mistake has cost its points elsewhere
    network = networks.new(name, problem)
    losses = [loss for _ in range(5) for loss in networks.train(network, problem, rate, EPOCHS // 5)]
    curves.add(f"{name}, training loss", losses, x_label="epoch", y_label="mean cross-entropy")
    trained = problem.at(networks.parameters(network, problem))
    before, after = oracle.loss(problem), oracle.loss(trained)
    assert after < 0.5 * before, f"The loss goes from {before:.3g} to {after:.3g}."
    pixels, labels = _rows(images.test_images[:NEW_IMAGES]), images.test_labels[:NEW_IMAGES].long()
    new = oracle.Problem(SHAPE, trained.weights, trained.biases, pixels, labels)
    accuracy = float((oracle.labels(new) == new.y).double().mean())
    needed = NEEDED.get(images.name, NEEDED_OF_REAL_DATA)
    assert accuracy > needed, f"{accuracy:.1%} of the new digits are recognised."


def _problem(images, rng) -> oracle.Problem:
    """The first digits, and new weights as the homework asks."""
    sizes = list(itertools.pairwise(SHAPE))
    weights = [(2 * torch.rand(n, m, generator=rng) - 1) / m**0.5 for m, n in sizes]
    biases = [(2 * torch.rand(n, 1, generator=rng) - 1) / m**0.5 for m, n in sizes]
    return oracle.Problem(
        SHAPE, weights, biases, _rows(images.train_images[:IMAGES]), images.train_labels[:IMAGES].long()
    )


def _rows(pixels: torch.Tensor) -> torch.Tensor:
    """(N, 784) from 0 to 255"""
    return pixels.flatten(1).float()
