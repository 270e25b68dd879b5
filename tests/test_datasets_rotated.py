"""Turned images against scipy's, and their angles."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from grader.datasets_rotated import rotated, turned


def some_images(*shape, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8)


@given(st.floats(-360, 360), st.sampled_from([1, 5, 8, 28]))
@settings(max_examples=40, deadline=None)
def test_an_image_is_turned_as_scipy_turns_it(degrees, side):
    image = some_images(1, side, side, seed=side).double()
    ours = turned(image, torch.tensor([degrees], dtype=torch.float64))[0].numpy()
    options = {"reshape": False, "order": 1, "mode": "grid-constant"}
    assert np.abs(ours - ndimage.rotate(image[0].numpy(), degrees, **options)).max() < 1e-6


@pytest.mark.parametrize("quarters", [0, 1, 2, 3, -1])
def test_quarter_turns_are_counter_clockwise_and_exact(quarters):
    images = some_images(3, 28, 28)
    expected = torch.rot90(images, quarters, (1, 2))
    assert torch.equal(turned(images, torch.full((3,), 90.0 * quarters)), expected)


def test_each_image_gets_its_own_angle_and_channels_stay():
    images = some_images(2, 3, 8, 8)
    result = turned(images, torch.tensor([90.0, 180.0]))
    assert torch.equal(result[0], torch.rot90(images[0], 1, (1, 2)))
    assert torch.equal(result[1], torch.rot90(images[1], 2, (1, 2)))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_shape_and_dtype_stay(dtype):
    images, angles = rotated(some_images(6, 28, 28).to(dtype), torch.Generator().manual_seed(1))
    assert (images.shape, images.dtype) == ((6, 28, 28), dtype)
    assert (angles.shape, angles.dtype) == ((6, 1), torch.float32)


def test_the_angles_are_standardised_and_belong_to_the_images():
    count, degrees = 4000, 30.0
    line = torch.zeros(28, 28)
    line[13:15, 4:] = 1  # from left to right: its longer arm tells the angle
    images, angles = rotated(line.expand(count, 28, 28), torch.Generator().manual_seed(2), degrees)
    assert abs(angles.mean()) < 0.06
    assert angles.std() == pytest.approx(1, abs=0.03)
    assert angles.abs().max() <= math.sqrt(3)
    assert angles.abs().mean() == pytest.approx(0.866, abs=0.03)
    down, right = torch.meshgrid(torch.arange(28.0) - 13.5, torch.arange(28.0) - 13.5, indexing="ij")
    seen = torch.rad2deg(torch.atan2(-(images * down).sum((1, 2)), (images * right).sum((1, 2))))
    assert (seen - angles[:, 0] * degrees / math.sqrt(3)).abs().max() < 2


def test_the_generator_decides_everything():
    images = some_images(5, 28, 28)
    first, second, other = (rotated(images, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[1], other[1])


def test_no_images_are_no_trouble():
    images, angles = rotated(some_images(0, 28, 28), torch.Generator())
    assert (images.shape, angles.shape) == ((0, 28, 28), (0, 1))
