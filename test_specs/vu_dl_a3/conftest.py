"""Fixtures: the submission's functions, called the way the student declared them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

PARAMETERS = "lambda function: list(__import__('inspect').signature(function).parameters)"

# The kernel is given as a tensor, as a pair or as a shape: the first form that the student's function takes.
UNFOLD = """
def unfold(function, images, forms, *rest):
    first = None
    for form in forms:
        try:
            return function(images, form, *rest)
        except NotImplementedError:
            raise
        except Exception as error:
            first = first or error
    raise first
"""

# The graph's node calls the student's backward with its real ctx, but without autograd's checks and repairs.
BACKWARD = """
def backward(function, images, kernel, grad_output, *rest):
    out = function.apply(images.requires_grad_(), kernel.requires_grad_(), *rest)
    with torch.no_grad():
        return out.grad_fn.apply(grad_output)
"""

LAYER = """
def layer(cls, names, shape, options):
    c_out, c, *size = shape
    if names[:1] == ["kernel_size"]:
        return cls(kernel_size=tuple(shape), **options)
    return cls(c, c_out, kernel_size=tuple(size), **options)
"""

# The layer's trainable kernel is set to ours, a bias to zero. A kernel stored as (k, c_out) is `turned`.
RUN_LAYER = """
def run(layer, kernel, images, grad):
    parameters = [p for p in layer.parameters() if p.requires_grad]
    ours = [p for p in parameters if p.numel() == kernel.numel()]
    if len(ours) != 1:
        return None
    turned = ours[0].dim() == 2 and ours[0].shape[1] == len(kernel)
    with torch.no_grad():
        for parameter in parameters:
            parameter.zero_()
        ours[0].copy_(kernel.flatten(1).t() if turned else kernel.reshape(ours[0].shape))
    out = layer(images)
    if grad is None:
        return out.detach()
    out.backward(grad)
    return (ours[0].grad.t() if turned else ours[0].grad).reshape(kernel.shape)
"""


def in_order(names: Sequence[str], stride: int, padding: int) -> tuple[int, int]:
    """Stride and padding in the order that `names` has them in; in this order where the names do not tell."""
    places = {
        "stride": next((i for i, name in enumerate(names) if "str" in name.lower()), None),
        "padding": next((i for i, name in enumerate(names) if "pad" in name.lower()), None),
    }
    known = None not in places.values()
    return (padding, stride) if known and places["padding"] < places["stride"] else (stride, padding)


@dataclass(frozen=True)
class Student:
    """The submission's convolution. Stride and padding are passed in the order that their function has."""

    submission: Any

    @property
    def function(self) -> Any:
        """Their `Conv2DFunc`."""
        return self.submission.conv.Conv2DFunc

    def define(self, source: str) -> Any:
        """A function of ours in the sandbox, made once per sandbox."""
        return self.submission.once(source, lambda: self.submission.define(source))

    def names(self, function: Any) -> list[str]:
        """The names of a function's parameters."""
        return list(self.define(PARAMETERS)(function))

    def arguments(self, stride: int, padding: int) -> tuple[int, int]:
        """Stride and padding as `Conv2DFunc.apply` takes them."""
        return in_order(self.names(self.function.forward), stride, padding)

    def convolve(self, images: Tensor, kernel: Tensor, stride: int = 1, padding: int = 0) -> Any:
        """(b, c_out, h_out, w_out), computed by them."""
        return self.function.apply(images, kernel, *self.arguments(stride, padding))

    def backward(self, images: Tensor, kernel: Tensor, grad: Tensor, stride: int, padding: int) -> Any:
        """What their `backward` returns, as it is."""
        return self.define(BACKWARD)(self.function, images, kernel, grad, *self.arguments(stride, padding))

    @staticmethod
    def in_shape(gradient: Any, of: Tensor) -> Any:
        """A gradient in the shape that it should have: a wrong shape costs one test of its own, not all."""
        fits = isinstance(gradient, Tensor) and gradient.numel() == of.numel()
        return gradient.reshape(of.shape) if fits else gradient

    def unfold(self, images: Tensor, kernel: Tensor, stride: int, padding: int) -> Any:
        """Their patches as (b, k, p), whichever of the two layouts they chose."""
        function = self.submission.conv.unfold
        names = self.names(function)
        pair, shape = tuple(kernel.shape[2:]), tuple(kernel.shape)
        by_size = any("size" in name or "shape" in name for name in names[1:2])
        forms = [pair, shape, kernel] if by_size else [kernel, pair, shape]
        patches = self.define(UNFOLD)(function, images, forms, *in_order(names, stride, padding))
        k = kernel[0].numel()
        other_layout = len(patches.shape) == 3 and patches.shape[1] != k and patches.shape[2] == k
        return patches.transpose(1, 2) if other_layout else patches

    def layer(self, shape: Sequence[int], **options: int) -> Any:
        """Their `Conv2D` for kernels (c_out, c, hk, wk), or `Conv2DModule` if there is none."""
        conv = self.submission.conv
        has_other = self.define("lambda m: not hasattr(m, 'Conv2D') and hasattr(m, 'Conv2DModule')")(conv)
        cls = conv.Conv2DModule if has_other else conv.Conv2D
        return self.define(LAYER)(cls, self.names(cls), list(shape), options)

    def scores(self, network: Any, images: Tensor) -> Any:
        """What a network of theirs says, without its graph."""
        return self.define("lambda network, images: network(images).detach()")(network, images)

    def run_layer(self, layer: Any, kernel: Tensor, images: Tensor, grad: Tensor | None = None) -> Any:
        """The output with that kernel, or its gradient if `grad` is given."""
        result = self.define(RUN_LAYER)(layer, kernel, images, grad)
        assert result is not None, "The layer has no trainable kernel of the right size."
        return result


@pytest.fixture
def student(submission) -> Student:
    """The submission's convolution."""
    return Student(submission)


@dataclass(frozen=True)
class Example:
    """One random problem and autograd's solution of it."""

    images: Tensor
    kernel: Tensor
    grad: Tensor
    out: Tensor
    grad_images: Tensor
    grad_kernel: Tensor
    stride: int
    padding: int

    @property
    def given(self) -> tuple[Tensor, Tensor, Tensor, int, int]:
        """The arguments of `Student.backward`."""
        return self.images, self.kernel, self.grad, self.stride, self.padding


@pytest.fixture
def example(rng):
    """A function that makes problems: images (b, c, h, w), kernel (c_out, c, hk, wk), float32 unless told."""

    def make(images, kernel, stride=1, padding=0, dtype=torch.float32):
        x = torch.randn(images, generator=rng, dtype=dtype)
        w = torch.randn(kernel, generator=rng, dtype=dtype)
        leaf_x, leaf_w = x.clone().requires_grad_(), w.clone().requires_grad_()
        out = F.conv2d(leaf_x, leaf_w, stride=stride, padding=padding)
        grad = torch.randn(out.shape, generator=rng, dtype=dtype)
        out.backward(grad)
        return Example(x, w, grad, out.detach(), leaf_x.grad, leaf_w.grad, stride, padding)

    return make
