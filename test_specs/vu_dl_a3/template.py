"""Convolution, forward and backward, by hand. Hand this file in as conv.py, or a package that has a conv.py.

Notation: b images of c channels, h x w pixels; a kernel of c_out filters, (c_out, c, hk, wk); h_out x w_out places for it;
k = c * hk * wk values of one patch, p = h_out * w_out patches.

In `unfold`, `Conv2DFunc` and `Conv2D` these are not allowed: conv2d and its relatives (torch.nn.functional.conv2d, nn.Conv2d,
conv_transpose2d, torch.nn.grad, ...) and autograd (torch.autograd.grad, .backward(), torch.func). F.unfold and F.fold are allowed.

Put your short answers beside it in answers.toml:

    # A convolution with 16 filters of 5 x 5, stride 2, padding 1: [height, width, channels] of its output
    # for an image 1024 pixels wide and 768 high, and for one 1920 wide and 1080 high; first with 3 input channels, then with 8.
    output_size_1024x768 = [0, 0, 0]
    output_size_1920x1080 = [0, 0, 0]
    output_size_1024x768_8_channels = [0, 0, 0]
    output_size_1920x1080_8_channels = [0, 0, 0]
    net_parameters = 0             # trainable parameters of Net
    variable_net_parameters = 0    # of VariableNet(64)
    closest_n_filters = 0          # the n_filters that brings VariableNet closest to Net
"""

import torch
from torch import nn


def unfold(input, kernel, stride, padding):
    """The patches of each image that the kernel sees, as columns.

    input: (b, c, h, w); kernel: (c_out, c, hk, wk), only its size counts. Returns (b, k, p) or (b, p, k); the values of one
    patch are ordered by channel, then row, then column, and the patches by row, then column.
    """
    raise NotImplementedError


class Conv2DFunc(torch.autograd.Function):
    """The convolution (cross-correlation, no bias) with its backward."""

    @staticmethod
    def forward(ctx, input_batch, kernel, stride=1, padding=1):
        """(b, c, h, w) and (c_out, c, hk, wk) -> (b, c_out, h_out, w_out). `stride` and `padding` are ints."""
        raise NotImplementedError

    @staticmethod
    def backward(ctx, grad_output):
        """(b, c_out, h_out, w_out) -> grad_input like input_batch, grad_kernel like kernel (summed over the batch), None, None."""
        raise NotImplementedError


class Conv2D(nn.Module):
    """A layer with one trainable kernel (out_channels, in_channels, hk, wk), without bias, that applies Conv2DFunc."""

    def __init__(self, in_channels, out_channels, kernel_size=(3, 3), stride=1, padding=1):
        raise NotImplementedError

    def forward(self, input_batch):
        """(b, in_channels, h, w) -> (b, out_channels, h_out, w_out)"""
        raise NotImplementedError


# Gradients that you derived by hand. `grad` is always the gradient of the loss for the result.


def division_backward(grad, x, y):
    """S = X / Y, element by element: returns the pair dX, dY."""
    raise NotImplementedError


def elementwise_backward(grad, x, derivative):
    """Y = f(X), element by element: returns dX. `derivative` is the function f': derivative(x) has the shape of x."""
    raise NotImplementedError


def linear_backward(grad, x):
    """Y = W X^T with W (o, f), X (n, f) and Y (o, n): returns dW, (o, f)."""
    raise NotImplementedError


def expand_backward(grad):
    """Y (n, 16) is the vector x (n,) repeated over 16 columns: returns dx, (n,)."""
    raise NotImplementedError


# Networks. Layers of torch.nn, nn.Conv2d too, are allowed from here on.


def count_parameters(model):
    """How many trainable numbers an nn.Module has, as an int."""
    raise NotImplementedError


class Net(nn.Module):
    """Three times (convolution, ReLU, max pooling by 2), then a linear layer with 10 scores.

    The convolutions have 16, 32 and 64 filters of 3 x 3, padding 1 and a bias; the linear layer has 576 inputs.
    """

    def __init__(self):
        raise NotImplementedError

    def forward(self, images):
        """(b, 1, 28, 28) -> (b, 10), scores before the softmax"""
        raise NotImplementedError


class VariableNet(nn.Module):
    """The same convolutions, the last with `n_filters` filters, then global pooling and a linear layer with 10 scores."""

    def __init__(self, n_filters=64):
        raise NotImplementedError

    def forward(self, images):
        """(b, 1, h, w) -> (b, 10), scores before the softmax, for images of 32, 48 or 64 pixels"""
        raise NotImplementedError
