"""The layer."""

import math

import torch
from torch import nn

from .function import Conv2DFunc


class Conv2D(nn.Module):
    """A trainable kernel for Conv2DFunc."""

    def __init__(self, in_channels, out_channels, kernel_size=(3, 3), stride=1, padding=1):
        super().__init__()
        bound = 1 / math.sqrt(in_channels * math.prod(kernel_size))
        self.kernel = nn.Parameter(torch.empty(out_channels, in_channels, *kernel_size).uniform_(-bound, bound))
        self.stride = stride
        self.padding = padding

    def forward(self, input_batch):
        return Conv2DFunc.apply(input_batch, self.kernel, self.stride, self.padding)

    def extra_repr(self):
        return f"kernel={tuple(self.kernel.shape)}, stride={self.stride}, padding={self.padding}"
