"""Part `training`: 2 points. Accuracy is counted here: evaluation labels never enter the sandbox."""

import pytest
import torch
import torch.nn.functional as F

from grader import datasets
from grader.spec import part, points, slow

pytestmark = [part("training"), slow]

# Measured, see README.md.
EPOCHS = 8
TRAIN_IMAGES, EVALUATION_IMAGES = 600, 597
NEEDED_ACCURACY = 0.8

MAKE_TRAINER = """
def make(network, images, labels):
    images, labels = images[:, None] / 255, labels.long()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)

    def epoch(order):
        for batch in order.split(16):
            optimizer.zero_grad()
            F.cross_entropy(network(images[batch]), labels[batch]).backward()
            optimizer.step()

    return epoch
"""

PREDICT = "lambda network, images: network(images[:, None] / 255).argmax(dim=1)"

FIT_KERNEL = """
def fit(layer, image, target, steps):
    losses = []
    for _ in range(steps):
        loss = ((layer(image) - target) ** 2).mean()
        losses.append(loss.item())
        layer.zero_grad()
        loss.backward()
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter -= 0.5 * parameter.grad
    return losses
"""


@pytest.fixture(scope="module")
def images():
    """MNIST, or its offline stand-in."""
    return datasets.mnist(datasets.folder_from_environment())


@points(1)
def test_conv2d_learns(student, rng):
    """Conv2D finds an unknown kernel by gradient descent through your backward."""
    kernel = torch.randn(2, 2, 3, 3, generator=rng)
    image = torch.randn(1, 2, 12, 12, generator=rng)
    layer = student.layer(kernel.shape, stride=1, padding=0)
    losses = student.define(FIT_KERNEL)(layer, image, F.conv2d(image, kernel), 60)
    assert losses[-1] < 0.001 * losses[0], f"The loss went from {losses[0]:.3g} to {losses[-1]:.3g}."


@points(1)
def test_net_learns(student, rng, images, record_property):
    """Net learns to read digits in 8 epochs of Adam (learning rate 0.001, batches of 16)."""
    record_property("data", images.name)
    seed = torch.randint(2**31, (), generator=rng).item()
    student.define("lambda seed: torch.manual_seed(seed) and None")(seed)
    network = student.submission.conv.Net()
    given = images.train_images[:TRAIN_IMAGES], images.train_labels[:TRAIN_IMAGES]
    epoch = student.define(MAKE_TRAINER)(network, *given)
    for _ in range(EPOCHS):  # one call each: a slow machine needs patience for one epoch only
        epoch(torch.randperm(len(given[0]), generator=rng))
    seen = student.define(PREDICT)(network, images.test_images[:EVALUATION_IMAGES])
    accuracy = (seen == images.test_labels[:EVALUATION_IMAGES]).double().mean()
    assert accuracy > NEEDED_ACCURACY, f"{accuracy:.1%} of the new images are recognised."
