"""normalize and one_hot."""

from __future__ import annotations

import stimuli
import torch
from bench import CLASSES
from torch.nn import functional as F

from grader.spec import close, part, points, visibility


def image_sets(rng):
    """Training, validation and test set of 28x28 images; every pixel has its own mean and deviation."""
    scale, shift = torch.rand(28, 28, generator=rng) + 0.5, 3 * torch.randn(28, 28, generator=rng)
    return [
        (torch.randn(n, 1, 28, 28, generator=rng) * scale + shift, torch.arange(n) % 10) for n in (12, 5, 4)
    ]


@part("normalize")
@points(0.75)
@visibility("visible")
def test_normalize_every_pixel(submission, rng):
    """After normalize every pixel of the training images has mean 0 and standard deviation 1."""
    (images, _), *_ = submission.solution.Trainer.normalize(*image_sets(rng))
    assert images.mean(0) == close(torch.zeros(1, 28, 28), atol=1e-4)
    ones = close(torch.ones(1, 28, 28), rtol=1e-3)
    assert images.std(0) == ones or images.std(0, correction=0) == ones


@part("normalize")
@points(1)
def test_normalize_with_training_statistics(submission, rng):
    """normalize uses the statistics of the training images for validation and test images too."""
    # Every pixel has the same values in some order, so that statistics over all pixels are right here too.
    values = torch.linspace(20, 130, 12)
    train = torch.stack([values[torch.randperm(12, generator=rng)] for _ in range(784)], 1).reshape(
        12, 1, 28, 28
    )
    others = [60 + 90 * torch.rand(n, 1, 28, 28, generator=rng) for n in (5, 4)]
    sets = [(images, torch.arange(len(images)) % 10) for images in (train, *others)]
    _, (valid, _), (test, _) = submission.solution.Trainer.normalize(*sets)
    unbiased, biased = (
        close([(images - values.mean()) / deviation for images in others], rtol=1e-3, atol=1e-3)
        for deviation in (values.std(), values.std(correction=0))
    )
    assert [valid, test] == unbiased or [valid, test] == biased


@part("normalize")
@points(0.25)
def test_normalize_keeps_labels(submission, rng):
    """normalize returns three pairs and leaves the labels as they are."""
    sets = image_sets(rng)
    result = submission.solution.Trainer.normalize(*sets)
    assert [labels for _, labels in result] == close([labels for _, labels in sets])


@part("one_hot")
@points(1)
@visibility("visible")
def test_one_hot(bench):
    """one_hot of the labels [9, 0, 3, 9] with 10 classes has a one in columns 9, 0, 3 and 9."""
    labels = torch.tensor([9, 0, 3, 9])
    assert bench.trainer.one_hot(labels) == close(F.one_hot(labels, CLASSES))


@part("one_hot")
@points(1)
def test_one_hot_absent_top_class(bench):
    """one_hot gives n_classes columns, 10 or 5, even where the top class is absent."""
    labels = torch.tensor([1, 0, 3, 4])
    assert bench.trainer.one_hot(labels) == close(F.one_hot(labels, CLASSES))
    of_five = bench.submission.define(stimuli.OF_CLASSES)(bench.trainer, 5)
    assert of_five.one_hot(labels) == close(F.one_hot(labels, 5))
