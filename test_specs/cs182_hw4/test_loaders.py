"""Part `loaders`: 11 points. The images that the student's data loaders give are looked at here."""

import pytest
import torch
from edges import COLLECT, KINDS, TRAIN_SIZES, VALID_SIZE, read_sweep

from grader.datasets_edges import permutation
from grader.spec import close, part, points, visibility

pytestmark = [part("loaders")]

SWEEPS = ("size_sweep", "domain_shift", "permuted", "five_class")
COUNT = "lambda network: sum(parameter.numel() for parameter in network.parameters())"
WEIGHTS = "lambda network: [parameter.detach() for parameter in network.parameters()]"
SCORES = "lambda network, images: network(images).detach()"


@pytest.fixture(scope="module")
def order():
    """A permutation of the pixels and its inverse, the same for every test of a grading."""
    return permutation(28 * 28, torch.default_generator)


@pytest.fixture
def sweep(submission, order):
    """A function that gives the images of one of the student's sweeps."""

    def collect(name):
        arguments = order if name == "permuted" else ()
        make = getattr(submission.edge_detection, f"{name}_loaders")
        return submission.define(COLLECT)(make(*arguments))

    return lambda name: read_sweep(submission.once(name, lambda: collect(name)))


@points(2)
@pytest.mark.parametrize("name", SWEEPS)
def test_sizes(sweep, name):
    """The sweep has 10, 20, 30, 40 and 50 images per class for training, and always 50 for validation."""
    found = sweep(name)
    sizes = sorted(found.pairs)
    assert sizes == list(TRAIN_SIZES), f"The sizes are {sizes}."
    for mode in ("train", "valid"):
        for size, images in found.of(mode).items():
            counts = sorted(set(images.per_class().values()))
            asked = size if mode == "train" else VALID_SIZE
            assert counts == [asked], f"For {size}, the {mode} loader has {counts} images of a class."


@points(1)
def test_training_is_shuffled(sweep):
    """Training images come in a random order, not class after class."""
    labels = sweep("size_sweep").largest("train").labels
    changes = int((labels[1:] != labels[:-1]).sum())
    assert changes > 2 * len(labels.unique()), "The training images come class after class."


@points(1)
def test_validation_is_new(sweep):
    """No training image is among those for validation."""
    for train, valid in sweep("size_sweep").pairs.values():
        assert not train.rows() & valid.rows(), "Some images are in both."


@points(2)
@pytest.mark.parametrize(("mode", "first", "last"), [("train", 0, 13), ("valid", 14, 27)])
def test_domain_shift(sweep, mode, first, last):
    """Under the domain shift, training edges lie in the first half of the image, the others in the second."""
    found = [images.places() for images in sweep("domain_shift").of(mode).values()]
    low, high = min(low for low, _ in found), max(high for _, high in found)
    assert first <= low <= high <= last, f"Edges of the {mode} images lie on lines {low} to {high}."


@points(2)
@pytest.mark.parametrize("mode", ["train", "valid"])
def test_permuted(sweep, order, mode):
    """The pixels are in the order of the permutater given, in training and in validation images."""
    for images in sweep("permuted").of(mode).values():
        restored = images.put_back(torch.tensor(order[1]))
        shown = [restored.shown_for(label) for label in range(3)]
        assert shown == [{"horizontal"}, {"vertical"}, {"none"}], (
            f"The {mode} images, put back, show no edges."
        )


@points(1)
def test_five_classes(sweep):
    """With five classes, labels 0 to 4 are horizontal, vertical, diagonal, both and none."""
    found = sweep("five_class").pairs
    for images in (images for pair in found.values() for images in pair):
        labels = sorted(images.per_class())
        assert labels == [0, 1, 2, 3, 4], f"The labels are {labels}."
        for label, kind in enumerate(KINDS):
            shown = images.shown_for(label)
            assert shown == {kind}, f"Images with label {label} show: {', '.join(sorted(shown))}."


@points(2)
def test_average_pooling(submission, reference, rng):
    """SimpleCNNAvgPool is SimpleCNN with average pooling: with its weights, ours gives the same scores."""
    network = submission.edge_detection.SimpleCNNAvgPool(num_filters=4, kernel_size=5, num_classes=5)
    weights = submission.define(WEIGHTS)(network)
    images = torch.rand(6, 1, 28, 28, generator=rng)
    expected = with_weights(reference.AveragePoolingCNN(4, 5, 5), weights)(images)
    assert submission.define(SCORES)(network, images) == close(expected)


@visibility("visible")
@pytest.mark.parametrize(
    ("make", "numbers"),
    [
        ("lambda module: module.SimpleCNN(kernel_size=7)", 606),
        ("lambda module: module.ThreeLayerMLP(hidden_dims=[50, 10])", 39793),
    ],
    ids=["SimpleCNN", "ThreeLayerMLP"],
)
def test_given_networks(submission, make, numbers):
    """The networks that were given have as many parameters as before."""
    network = submission.define(make)(submission.edge_detection)
    assert submission.define(COUNT)(network) == close(numbers)


def with_weights(network, weights):
    """A function: what `network` says with these weights, of the same shapes and in the same order."""
    own = list(network.parameters())
    shapes = [tuple(weight.shape) for weight in weights]
    assert shapes == [tuple(weight.shape) for weight in own], "The layers have other shapes than SimpleCNN's."
    with torch.no_grad():
        for mine, given in zip(own, weights, strict=True):
            mine.copy_(given)
    return torch.no_grad()(network)
