"""Part `forward`: 7 points."""

import torch

from grader.spec import close, part, points, visibility

pytestmark = [part("forward")]

ARE_STATIC = """
def are_static(function, images, kernel, *rest):
    import inspect
    function.apply(images, kernel, *rest)
    found = [inspect.getattr_static(function, name) for name in ("forward", "backward")]
    return [isinstance(method, staticmethod) for method in found]
"""


@points(1)
@visibility("visible")
def test_forward_example(student):
    """Conv2DFunc convolves a 3 x 3 image with a 2 x 2 kernel."""
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    kernel = torch.tensor([[[[1.0, 2], [3, 4]]]])
    assert student.convolve(image, kernel) == close(torch.tensor([[[[27.0, 37], [57, 67]]]]))


@points(1)
@visibility("visible")
def test_forward_shape(student, rng):
    """Conv2DFunc gives (b, c_out, h_out, w_out): a 3 x 3 kernel with padding 1 keeps the images' size."""
    images, kernel = torch.randn(2, 3, 6, 7, generator=rng), torch.randn(5, 3, 3, 3, generator=rng)
    shape = tuple(student.convolve(images, kernel, padding=1).shape)
    assert shape == (2, 5, 6, 7), f"Got shape {shape}."


@points(1)
def test_forward_batch_and_channels(student, example):
    """Conv2DFunc sums over the channels of each image of a batch, for every filter."""
    case = example((3, 2, 5, 5), (4, 2, 3, 3))
    assert student.convolve(case.images, case.kernel) == close(case.out, atol=1e-4)


@points(1)
def test_forward_not_square(student, example):
    """Conv2DFunc takes images and kernels that are not square."""
    for size, kernel_size in [((4, 7), (3, 2)), ((7, 5), (1, 4))]:
        case = example((2, 2, *size), (3, 2, *kernel_size))
        assert student.convolve(case.images, case.kernel) == close(case.out, atol=1e-4)


@points(1)
def test_forward_stride(student, example):
    """Conv2DFunc with stride 2 and 3, also where the last pixels do not fill a step."""
    for stride, size in [(2, (7, 7)), (2, (6, 6)), (3, (8, 8))]:
        case = example((2, 2, *size), (3, 2, 3, 3), stride)
        assert student.convolve(case.images, case.kernel, stride) == close(case.out, atol=1e-4)


@points(1)
def test_forward_padding(student, example):
    """Conv2DFunc with padding 1 and 2 sees zeros around the image."""
    for padding in (1, 2):
        case = example((2, 2, 5, 5), (3, 2, 3, 3), 1, padding)
        assert student.convolve(case.images, case.kernel, padding=padding) == close(case.out, atol=1e-4)


@points(1)
def test_static_methods(student, rng):
    """forward and backward of Conv2DFunc are static methods."""
    images, kernel = torch.randn(1, 1, 3, 3, generator=rng), torch.randn(1, 1, 2, 2, generator=rng)
    static = student.define(ARE_STATIC)(student.function, images, kernel, *student.arguments(1, 0))
    assert static == [True, True], "@staticmethod is missing above forward or backward."
