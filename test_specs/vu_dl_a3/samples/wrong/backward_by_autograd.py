"""Assignment 3: convolution."""

from __future__ import annotations

import typing as t

import torch
from torch import nn


class Geometry(t.NamedTuple):
    """Sizes of one convolution."""

    stride: int
    padding: int
    image: tuple[int, int]
    kernel: tuple[int, int]

    @property
    def padded(self) -> tuple[int, int]:
        return self.image[0] + 2 * self.padding, self.image[1] + 2 * self.padding

    @property
    def places(self) -> tuple[int, int]:
        """h_out, w_out"""
        return tuple(1 + (size - k) // self.stride for size, k in zip(self.padded, self.kernel))

    @classmethod
    def of(cls, images: torch.Tensor, kernel: torch.Tensor, stride: int, padding: int) -> Geometry:
        return cls(stride, padding, tuple(images.shape[2:]), tuple(kernel.shape[2:]))

    def offsets(self) -> t.Iterator[tuple[int, int, slice, slice]]:
        """For every weight of the kernel: its place, and the rows and columns that it meets in the padded image."""
        (hk, wk), (h_out, w_out) = self.kernel, self.places
        for i in range(hk):
            for j in range(wk):
                rows = slice(i, i + (h_out - 1) * self.stride + 1, self.stride)
                columns = slice(j, j + (w_out - 1) * self.stride + 1, self.stride)
                yield i, j, rows, columns


def pad(images: torch.Tensor, padding: int) -> torch.Tensor:
    return nn.functional.pad(images, [padding] * 4) if padding else images


def unfold(input: torch.Tensor, kernel: torch.Tensor, stride: int, padding: int) -> torch.Tensor:
    """(b, c, h, w) -> (b, k, p)"""
    geometry = Geometry.of(input, kernel, stride, padding)
    padded = pad(input, padding)
    columns = [padded[:, :, rows, cols].flatten(2) for _, _, rows, cols in geometry.offsets()]  # hk * wk of (b, c, p)
    return torch.stack(columns, dim=2).flatten(1, 2)


class Conv2DFunc(torch.autograd.Function):
    """One weight of the kernel at a time: a shifted image times a (c_out, c) matrix."""

    @staticmethod
    def forward(input_batch: torch.Tensor, kernel: torch.Tensor, stride: int = 1, padding: int = 1) -> torch.Tensor:
        geometry = Geometry.of(input_batch, kernel, stride, padding)
        padded = pad(input_batch, padding)
        out = input_batch.new_zeros(len(input_batch), len(kernel), *geometry.places)
        for i, j, rows, columns in geometry.offsets():
            out += torch.einsum("oc,bchw->bohw", kernel[:, :, i, j], padded[:, :, rows, columns])
        return out

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        images, kernel, stride, padding = inputs
        ctx.save_for_backward(images, kernel)
        ctx.geometry = Geometry.of(images, kernel, stride, padding)

    @staticmethod
    def backward(ctx, grad_output: torch.Tensor):
        images, kernel = ctx.saved_tensors
        geometry: Geometry = ctx.geometry
        with torch.enable_grad():
            images, kernel = images.detach().requires_grad_(), kernel.detach().requires_grad_()
            out = Conv2DFunc.forward(images, kernel, geometry.stride, geometry.padding)
            grad_input, grad_kernel = torch.autograd.grad(out, (images, kernel), grad_output)
        return grad_input, grad_kernel, None, None


class Conv2D(nn.Module):
    """Layer around Conv2DFunc."""

    def __init__(self, in_channels, out_channels, kernel_size=(3, 3), stride=1, padding=1):
        super().__init__()
        self.options = stride, padding
        self.register_parameter("kernel", nn.Parameter(torch.rand(out_channels, in_channels, *kernel_size) - 0.5))

    def forward(self, input_batch: torch.Tensor) -> torch.Tensor:
        return Conv2DFunc.apply(input_batch, self.kernel, *self.options)


def division_backward(grad, x, y):
    return grad.div(y), grad.mul(x).div(y.square()).neg()


def elementwise_backward(grad, x, derivative):
    return grad.mul(derivative(x))


def linear_backward(grad, x):
    return grad.matmul(x)


def expand_backward(grad):
    return grad.sum(-1)


def count_parameters(model: nn.Module) -> int:
    return sum(tensor.numel() for tensor in model.parameters() if tensor.requires_grad)


def features(n_last: int) -> nn.Sequential:
    """The three blocks that both networks share."""
    widths = [1, 16, 32, n_last]
    layers: list[nn.Module] = []
    for narrow, wide in zip(widths, widths[1:]):
        layers += [nn.Conv2d(narrow, wide, kernel_size=3, padding="same"), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    return nn.Sequential(*layers)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = features(64)
        self.head = nn.LazyLinear(10)
        self.head(torch.zeros(1, 576))  # fixes the number of inputs

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images).flatten(1))


class VariableNet(nn.Module):
    def __init__(self, n_filters: int = 64) -> None:
        super().__init__()
        self.features = features(n_filters)
        self.head = nn.Linear(n_filters, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images).amax((-1, -2)))
