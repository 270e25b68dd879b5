"""Part `equivariance`: 10 points, of the notebook."""

import pytest
import stimuli
import torch
from students import is_group, rotations, turned

from grader import datasets
from grader.spec import close, part, points, slow

pytestmark = [part("equivariance")]

# Measured, see README.md.
IMAGES, STEPS, NEEDED = 200, 60, 0.83


@pytest.fixture
def seed(rng):
    """Of random weights in the sandbox."""
    return int(torch.randint(2**31, (), generator=rng))


@points(1)
def test_rotation_group(equivariant):
    """rotation_group gives the matrices that rotate by 0, 90, 180 and 270 degrees."""
    for side in (2, 5):
        found = equivariant.module.rotation_group(side)
        assert is_group(found, side), "These are not the four rotations."


@points(2)
def test_project(equivariant, rng):
    """project averages R_out^T W R_in over the group."""
    ours, small = rotations(4), rotations(3)
    weight = torch.randn(9, 16, generator=rng)
    expected = sum(small[k].t() @ weight @ ours[k] for k in range(4)) / 4
    assert equivariant.module.project(weight, ours, small) == close(expected)


@points(2)
@pytest.mark.parametrize("sides", [(6, 4), (5, 7)], ids=["smaller", "larger"])
def test_layer_commutes(layers, rng, seed, sides):
    """EquivariantLayer with random weights: rotating the input rotates the output."""
    layer = layers.new("EquivariantLayer", *sides, seed=seed)
    images = torch.randn(3, sides[0] ** 2, generator=rng)
    output = layers.run(layer, images)
    for quarters in (1, 2, 3):
        assert layers.run(layer, turned(images, quarters)) == close(turned(output, quarters), atol=1e-4)


@points(1)
def test_layer_depends_on_weights(layers, rng, seed):
    """EquivariantLayer is linear in its input, and other weights give another output."""
    images = torch.randn(2, 25, generator=rng)
    one, other = (layers.new("EquivariantLayer", 5, 4, seed=seed + k) for k in (0, 1))
    zero = layers.run(one, 0 * images)
    linear = layers.run(one, 3 * images) - zero
    assert linear == close(3 * (layers.run(one, images) - zero), atol=1e-4)
    assert linear.abs().max() > 1e-3, "The output does not depend on the input."
    differences = layers.run(one, images) - layers.run(other, images)
    assert differences.abs().max() > 1e-3, "The output does not depend on the weights."


@points(1)
def test_bias_is_shared(layers):
    """The bias of a layer is one number for all of its neurons."""
    layer = layers.module.EquivariantLayer(5, 4)
    shapes = [tuple(shape) for shape in layers.submission.define(stimuli.BIASES)(layer)]
    counts = [torch.Size(shape).numel() for shape in shapes]
    assert counts == [1], f"The layer has biases of the shapes {shapes}."


@points(2)
def test_autoencoder_commutes(layers, rng, seed):
    """EquivariantAutoEncoder with random weights: rotated images are reconstructed rotated, from 0 to 1."""
    model = layers.new("EquivariantAutoEncoder", 8, 5, seed=seed)
    images = torch.rand(3, 64, generator=rng)
    output = layers.run(model, images)
    assert tuple(output.shape) == (3, 64), f"Got shape {tuple(output.shape)} for three images of 64 pixels."
    assert bool(((output >= 0) & (output <= 1)).all()), "Some values are below 0 or above 1."
    assert (output[0] - output[1]).abs().max() > 1e-4, "All images are reconstructed as the same one."
    for quarters in (1, 2, 3):
        assert layers.run(model, turned(images, quarters)) == close(turned(output, quarters), atol=1e-4)


@slow
@points(1)
def test_rotated_accuracy(layers, rng, seed, record_property, curves):
    """A trained auto-encoder is as accurate on rotated digits as on those that stand upright."""
    data = datasets.mnist(datasets.folder_from_environment())
    record_property("data", data.name)
    images = _small(data.train_images[:IMAGES])
    model = layers.module.EquivariantAutoEncoder(14, 10)
    losses = layers.submission.define(stimuli.TRAIN_AUTOENCODER)(model, images, STEPS, seed)
    curves.add("Auto-encoder, training loss", losses, x_label="step", y_label="mean squared error")
    fresh = _small(data.test_images[:IMAGES])
    shares = [_accuracy(layers.run(model, turned(fresh, k)), turned(fresh, k)) for k in range(4)]
    assert shares[0] > NEEDED, f"{shares[0]:.1%} of the pixels are right."
    apart = max(shares) - min(shares)
    assert apart < 1e-3, f"Upright {shares[0]:.2%} of the pixels are right, rotated {min(shares[1:]):.2%}."


def _small(images: torch.Tensor) -> torch.Tensor:
    """Rows of 14 x 14 pixels from 0 to 1."""
    return torch.nn.functional.avg_pool2d(images[:, None].float() / 255, 2).flatten(1)


def _accuracy(found: torch.Tensor, images: torch.Tensor) -> float:
    """The share of pixels on the right side of 1/2."""
    return float(((found > 0.5) == (images > 0.5)).double().mean())
