"""Convolution forward and backward by hand, and two small networks.

b: images, c: channels, h, w: height and width of an image, hk, wk: of the kernel,
k = c * hk * wk values of one patch, p = h_out * w_out patches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """How many places a kernel takes along an axis: (W - K + 2P) / S + 1, floored."""
    return (size - kernel + 2 * padding) // stride + 1


def unfold(input: Tensor, kernel: Tensor, stride: int, padding: int) -> Tensor:
    """The patches that a kernel sees, as columns.

    Args:
        input: (b, c, h, w)
        kernel: (c_out, c, hk, wk); only its size counts.

    Returns:
        (b, k, p), a patch's values in the order channel, row, column.
    """
    b, c, h, w = input.shape
    hk, wk = kernel.shape[-2:]
    h_out, w_out = output_size(h, hk, stride, padding), output_size(w, wk, stride, padding)
    padded = F.pad(input, (padding, padding, padding, padding))
    patches = input.new_empty(b, c, hk, wk, h_out, w_out)
    for row in range(hk):
        for column in range(wk):
            rows = slice(row, row + stride * (h_out - 1) + 1, stride)
            columns = slice(column, column + stride * (w_out - 1) + 1, stride)
            patches[:, :, row, column] = padded[:, :, rows, columns]
    return patches.reshape(b, c * hk * wk, h_out * w_out)


class Conv2DFunc(torch.autograd.Function):
    """Cross-correlation of images with a kernel, without bias."""

    @staticmethod
    def forward(ctx: Any, input_batch: Tensor, kernel: Tensor, stride: int = 1, padding: int = 1) -> Tensor:
        """(b, c, h, w) and (c_out, c, hk, wk) -> (b, c_out, h_out, w_out)"""
        ctx.save_for_backward(input_batch, kernel)
        ctx.stride, ctx.padding = stride, padding
        b, _, h, w = input_batch.shape
        c_out, _, hk, wk = kernel.shape
        columns = unfold(input_batch, kernel, stride, padding)
        out = kernel.reshape(c_out, -1) @ columns  # (c_out, k) @ (b, k, p)
        return out.reshape(b, c_out, output_size(h, hk, stride, padding), output_size(w, wk, stride, padding))

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, Tensor, None, None]:
        """(b, c_out, h_out, w_out) -> gradients shaped like input_batch and kernel, None, None"""
        input_batch, kernel = ctx.saved_tensors
        columns = unfold(input_batch, kernel, ctx.stride, ctx.padding)
        grad = grad_output.flatten(2)  # (b, c_out, p)
        grad_kernel = torch.einsum("bop,bkp->ok", grad, columns).reshape(kernel.shape)
        grad_columns = kernel.flatten(1).t() @ grad  # (k, c_out) @ (b, c_out, p)
        grad_input = F.fold(
            grad_columns,
            output_size=input_batch.shape[-2:],
            kernel_size=kernel.shape[-2:],
            stride=ctx.stride,
            padding=ctx.padding,
        )
        return grad_input, grad_kernel, None, None


class Conv2D(nn.Module):
    """A layer with one trainable kernel (out_channels, in_channels, hk, wk) and no bias."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, int] = (3, 3),
        stride: int = 1,
        padding: int = 1,
    ) -> None:
        super().__init__()
        self.stride, self.padding = stride, padding
        values_per_patch = in_channels * kernel_size[0] * kernel_size[1]
        scale = values_per_patch**-0.5
        self.kernel = nn.Parameter(torch.randn(out_channels, in_channels, *kernel_size) * scale)

    def forward(self, input_batch: Tensor) -> Tensor:
        """(b, in_channels, h, w) -> (b, out_channels, h_out, w_out)"""
        return Conv2DFunc.apply(input_batch, self.kernel, self.stride, self.padding)


def division_backward(grad: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """S = X / Y, element by element: dX and dY from dS = `grad`, all of one shape."""
    return grad / y, -grad * x / y**2


def elementwise_backward(grad: Tensor, x: Tensor, derivative: Callable[[Tensor], Tensor]) -> Tensor:
    """Y = f(X), element by element: dX from dY = `grad`; `derivative` is f'."""
    return grad * derivative(x)


def linear_backward(grad: Tensor, x: Tensor) -> Tensor:
    """Y = W X^T with W (o, f) and X (n, f): dW (o, f) from dY = `grad` (o, n)."""
    return grad @ x


def expand_backward(grad: Tensor) -> Tensor:
    """Y repeats the vector x (n,) over 16 columns: dx (n,) from dY = `grad` (n, 16)."""
    return grad.sum(dim=1)


def count_parameters(model: nn.Module) -> int:
    """How many trainable numbers a network has."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def _block(in_channels: int, out_channels: int) -> list[nn.Module]:
    return [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]


class Net(nn.Module):
    """Three blocks of convolution, ReLU and max pooling, then a linear layer. (b, 1, 28, 28) -> (b, 10)"""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*_block(1, 16), *_block(16, 32), *_block(32, 64))
        self.linear = nn.Linear(576, 10)

    def forward(self, images: Tensor) -> Tensor:
        """(b, 1, 28, 28) -> (b, 10), scores before the softmax"""
        return self.linear(self.blocks(images).flatten(1))


class VariableNet(nn.Module):
    """The same with `n_filters` filters in the last convolution and global max pooling: images of any size.

    `mean` and `last_pool` make the other readings of "global pooling" that the specs accept.
    """

    def __init__(self, n_filters: int = 64, *, mean: bool = False, last_pool: bool = True) -> None:
        super().__init__()
        last = _block(32, n_filters) if last_pool else _block(32, n_filters)[:2]
        self.blocks = nn.Sequential(*_block(1, 16), *_block(16, 32), *last)
        self.linear = nn.Linear(n_filters, 10)
        self.mean = mean

    def forward(self, images: Tensor) -> Tensor:
        """(b, 1, h, w) -> (b, 10), scores before the softmax"""
        maps = self.blocks(images)  # (b, n_filters, h / 8, w / 8)
        pooled = maps.mean(dim=(2, 3)) if self.mean else maps.amax(dim=(2, 3))
        return self.linear(pooled)
