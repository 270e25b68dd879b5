"""Part `unfold`: 4 points."""

import torch
import torch.nn.functional as F

from grader.spec import close, part, points, visibility

pytestmark = [part("unfold")]


@points(1)
@visibility("visible")
def test_unfold_example(student):
    """unfold gives the four 2 x 2 patches of a 3 x 3 image."""
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    expected = [[0.0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]]
    assert student.unfold(image, torch.zeros(1, 1, 2, 2), 1, 0) == close(torch.tensor([expected]))


@points(1)
def test_unfold_channels(student, rng):
    """unfold orders the values of a patch by channel, row and column, also where nothing is square."""
    images = torch.randn(2, 3, 5, 6, generator=rng)
    assert student.unfold(images, torch.zeros(4, 3, 3, 2), 1, 0) == close(F.unfold(images, (3, 2)))


@points(1)
def test_unfold_padding(student, rng):
    """unfold sees zeros around the image where the padding is."""
    images = torch.randn(2, 2, 4, 4, generator=rng)
    for padding in (1, 2):
        expected = F.unfold(images, (3, 3), padding=padding)
        assert student.unfold(images, torch.zeros(3, 2, 3, 3), 1, padding) == close(expected)


@points(1)
def test_unfold_stride(student, rng):
    """unfold moves by the stride, and leaves out pixels where no whole patch fits any more."""
    for stride, height, width in [(2, 7, 8), (3, 8, 7)]:
        images = torch.randn(2, 2, height, width, generator=rng)
        expected = F.unfold(images, (3, 3), stride=stride)
        assert student.unfold(images, torch.zeros(3, 2, 3, 3), stride, 0) == close(expected)
