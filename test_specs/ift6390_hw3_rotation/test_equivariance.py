"""test_equivariance: what a convolution does to a shifted and to a turned image."""

from __future__ import annotations

import pytest
import stimuli
import torch
from bench import make_bench

from grader.spec import part, points, visibility

pytestmark = part("test_equivariance")

SMALLEST = 12  # pixels: a smaller output has no middle that the border does not reach


@pytest.fixture
def pictures(submission):
    """[0] of each of the four results of the student's test_equivariance, float64 (H, W)."""
    trainer = make_bench(submission, "cnn").trainer
    found = submission.define(stimuli.EQUIVARIANCE)(trainer)
    assert found is not None, "It returns None: is a `return` missing?"
    assert isinstance(found, tuple), "It does not return four arrays."
    assert len(found) == 4, f"It returns {len(found)} arrays instead of four."
    for picture in found:
        assert isinstance(picture, torch.Tensor), "[0] of an array is not an image (H, W)."
        assert picture.dim() == 2, "[0] of an array is not an image (H, W)."
        assert min(picture.shape) >= SMALLEST, "An image is too small to be one."
    return found


def middle(picture):
    """Of an image (H, W), what a shift by 5 pixels and the border of a convolution do not reach."""
    height, width = picture.shape
    return picture[height * 3 // 8 : height * 5 // 8, width * 3 // 8 : width * 5 // 8]


def largest(picture):
    """The largest absolute value; NaN where there is one."""
    return picture.abs().max().item()


@points(1)
@visibility("visible")
def test_equivariance_returns_four_images(pictures):
    """test_equivariance returns image, output, shifted and rotated difference, each with an image at [0]."""
    for name, picture in zip(("image", "output"), pictures[:2], strict=True):
        assert bool(picture.isfinite().all()), f"The {name} has values that are no numbers."
        assert picture.std().item() > 0, f"The {name} shows nothing."


@points(1)
def test_equivariance_of_shifts(pictures):
    """Away from the border, the output of a shifted image is the shifted output: their difference is zero."""
    _, output, shifted, _ = pictures
    assert largest(middle(shifted)) < 1e-3 * largest(output), (
        "In the middle, the shifted difference is not zero."
    )


@points(1)
def test_no_equivariance_of_rotations(pictures):
    """The output of a rotated image is not the rotated output: their difference is not zero."""
    _, output, _, rotated = pictures
    difference = largest(middle(rotated))
    assert difference > 1e-3 * output.std().item(), "In the middle, the rotated difference is zero."
