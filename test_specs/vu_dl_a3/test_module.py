"""Part `module`: 3 points. Conv2D(in_channels, out_channels, ...), or Conv2DModule(kernel_size=..., ...)."""

import torch

from grader.spec import close, part, points, requires, visibility

pytestmark = [part("module")]


@points(1)
@visibility("visible")
def test_module_defaults(student, rng):
    """Conv2D(3, 5) has 3 x 3 kernels, stride 1 and padding 1: the images keep their size."""
    images = torch.randn(2, 3, 6, 7, generator=rng)
    shape = tuple(student.layer((5, 3, 3, 3))(images).shape)
    assert shape == (2, 5, 6, 7), f"Got shape {shape}."


@points(1)
@requires("test_forward_stride", "test_forward_padding")
def test_module_output(student, example):
    """Conv2D convolves with its trainable kernel, and obeys kernel_size, stride and padding."""
    for stride, padding in [(2, 0), (1, 2)]:
        case = example((2, 2, 7, 6), (4, 2, 3, 2), stride, padding)
        layer = student.layer(case.kernel.shape, stride=stride, padding=padding)
        assert student.run_layer(layer, case.kernel, case.images) == close(case.out, atol=1e-4)


@points(1)
def test_module_gradient(student, example):
    """Conv2D's kernel gets its gradient when a loss is differentiated."""
    case = example((1, 2, 6, 5), (4, 2, 3, 2))
    layer = student.layer(case.kernel.shape, stride=1, padding=0)
    gradient = student.run_layer(layer, case.kernel, case.images, case.grad)
    assert gradient == close(case.grad_kernel, atol=1e-4)
