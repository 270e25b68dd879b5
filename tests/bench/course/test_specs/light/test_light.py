"""A light suite: fifteen checks of four small functions."""

import pytest
import torch

from grader.spec import close, points


@points(4)
@pytest.mark.parametrize("n_classes", [4, 5, 10, 100])
def test_one_hot(submission, rng, n_classes):
    """one_hot has a column for each class."""
    y = torch.randint(4, (32,), generator=rng)
    assert submission.solution.one_hot(y, n_classes) == close(torch.nn.functional.one_hot(y, n_classes))


@points(4)
@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 0.5), (-0.1, 0.1), (0.3, 3.0)])
def test_clip(submission, rng, low, high):
    """clip keeps every value between low and high."""
    x = torch.randn(8, 8, generator=rng)
    assert submission.solution.clip(x, low, high) == close(x.clip(low, high))


@points(4)
@pytest.mark.parametrize("scale", [1.0, 10.0, 100.0, 1000.0])
def test_softmax(submission, rng, scale):
    """softmax is stable for large inputs."""
    x = scale * torch.randn(16, 10, generator=rng)
    assert submission.solution.softmax(x) == close(x.softmax(dim=1))


@points(3)
@pytest.mark.parametrize("right", [0, 16, 32])
def test_accuracy(submission, rng, right):
    """accuracy is the share of rows whose largest score is at the true class."""
    y = torch.randint(10, (32,), generator=rng)
    scores = torch.nn.functional.one_hot(torch.cat([y[:right], (y[right:] + 1) % 10]), 10).float()
    assert submission.solution.accuracy(scores, y) == pytest.approx(right / 32)
