"""Images turned by a random angle, which a network is to find: data for regression."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

DEGREES = 60.0


def rotated(
    images: torch.Tensor, rng: torch.Generator, degrees: float = DEGREES
) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn each image about its centre by an angle of its own, uniform between -degrees and +degrees.

    Args:
        images: (N, S, S) or (N, C, S, S); uint8 stays uint8 (rounded), floats stay floats.
        rng: a generator on the CPU; its state alone decides the angles.
        degrees: the largest angle. From 180 on, an image does not tell its angle anymore.

    Returns:
        images of the same shape and dtype, and float32 angles (N, 1), standardised: counter-clockwise is
        positive, and they are divided by the standard deviation of all angles that can be drawn, which is
        degrees / sqrt(3). So they lie between -1.73 and 1.73, in a training set as in a test set, and
        predicting 0 has a mean absolute error of 0.87.
    """
    standard = (torch.rand(len(images), 1, generator=rng) * 2 - 1) * math.sqrt(3)
    return turned(images, standard[:, 0] * degrees / math.sqrt(3)), standard


def turned(images: torch.Tensor, degrees: torch.Tensor) -> torch.Tensor:
    """Each image (N, S, S) or (N, C, S, S), turned counter-clockwise about its centre by `degrees` (N,).

    Bilinear; what comes in from outside is 0. The result has the images' dtype.
    """
    if not images.numel():
        return images.clone()
    angle = torch.deg2rad(degrees.double())
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    # Of each new pixel, where it comes from: rows point down, so this is the inverse turn.
    sources = torch.stack((cos, -sin, zero, sin, cos, zero), 1).view(-1, 2, 3)
    planes = images if images.dim() == 4 else images[:, None]
    grid = functional.affine_grid(sources, list(planes.shape), align_corners=False)
    new = functional.grid_sample(planes.double(), grid, align_corners=False).view_as(images)
    return (new if images.is_floating_point() else new.round()).to(images.dtype)
