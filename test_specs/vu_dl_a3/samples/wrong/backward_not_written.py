# # Assignment 3: convolutions
# exported from Colab

import random
from functools import reduce

import numpy as np
import torch
from torch import nn, optim
from torch.nn import functional as F, Module, Parameter
from torch.autograd import Function, gradcheck

device = 'cuda' if torch.cuda.is_available() else 'cpu'
random.seed(0)
np.random.seed(0)


# ## Unfold

def unfold(input, kernel, stride, padding):
    """Strides only, nothing is copied before the reshape; kernel is (hk, wk). (b, k, p)"""
    hk, wk = kernel
    x = F.pad(input, (padding,) * 4).contiguous()
    b, c, h, w = x.shape
    h_out, w_out = (h - hk) // stride + 1, (w - wk) // stride + 1
    s0, s1, s2, s3 = x.stride()
    windows = x.as_strided((b, c, hk, wk, h_out, w_out), (s0, s1, s2, s3, s2 * stride, s3 * stride))
    return windows.reshape(b, c * hk * wk, h_out * w_out)


test = torch.randn(2, 3, 6, 6)
assert torch.allclose(unfold(test, (3, 3), 2, 1), F.unfold(test, (3, 3), stride=2, padding=1))


# ## Forward and backward
#
# The gradient of the input is itself a convolution: of the gradient, spread out by the stride, with the turned kernel.

def cross_correlate(x, kernel, stride, padding):
    h_out = (x.shape[2] + 2 * padding - kernel.shape[2]) // stride + 1
    patches = unfold(x, kernel.shape[2:], stride, padding)
    return (kernel.flatten(1) @ patches).unflatten(2, (h_out, -1))


class Conv2DFunc(Function):

    @staticmethod
    def forward(ctx, input_batch, kernel, stride=1, padding=1):
        ctx.save_for_backward(input_batch, kernel)
        ctx.stride, ctx.padding = stride, padding
        return cross_correlate(input_batch, kernel, stride, padding)

    @staticmethod
    def backward(ctx, grad_output):
        raise NotImplementedError('TODO')


class Conv2D(Module):

    def __init__(self, in_channels, out_channels, kernel_size=(3, 3), stride=1, padding=1):
        super().__init__()
        self.W = Parameter(torch.randn((out_channels, in_channels) + tuple(kernel_size), device=device) * .05)
        self.stride, self.padding = stride, padding

    def forward(self, input_batch):
        return Conv2DFunc.apply(input_batch, self.W, self.stride, self.padding)


# ## Pen and paper

def division_backward(grad, x, y):
    inverse = y.reciprocal()
    return grad * inverse, -(grad * x * inverse * inverse)

def elementwise_backward(grad, x, derivative):
    return torch.stack([g * derivative(v) for g, v in zip(grad, x)])

def linear_backward(grad, x):
    return sum(torch.outer(grad[:, n], x[n]) for n in range(len(x)))

def expand_backward(grad):
    return reduce(torch.add, grad.unbind(1))


# ## Networks

def count_parameters(model):
    return torch.nn.utils.parameters_to_vector(p for p in model.parameters() if p.requires_grad).numel()


class Net(Module):

    def __init__(self):
        super().__init__()
        for i, (n_in, n_out) in enumerate([(1, 16), (16, 32), (32, 64)]):
            setattr(self, f'conv{i}', nn.Conv2d(n_in, n_out, 3, padding=1))
        self.out = nn.Linear(576, 10)

    def forward(self, x):
        for i in range(3):
            x = F.max_pool2d(getattr(self, f'conv{i}')(x).relu(), 2, 2)
        return self.out(torch.flatten(x, 1))


class VariableNet(Module):

    def __init__(self, n_filters=64):
        super().__init__()
        for i, (n_in, n_out) in enumerate([(1, 16), (16, 32), (32, n_filters)]):
            setattr(self, f'conv{i}', nn.Conv2d(n_in, n_out, 3, padding=1))
        self.out = nn.Linear(n_filters, 10)

    def forward(self, x):
        for i in range(3):
            x = F.max_pool2d(getattr(self, f'conv{i}')(x).relu(), 2, 2)
        return self.out(x.flatten(2).mean(2))


if __name__ == '__main__':
    from torchvision import datasets, transforms
    train = datasets.MNIST('data', train=True, download=True, transform=transforms.ToTensor())
    loader = torch.utils.data.DataLoader(train, batch_size=16, shuffle=True)
    net = Net().to(device)
    opt = optim.Adam(net.parameters(), lr=0.001)
    for epoch in range(8):
        for images, labels in loader:
            opt.zero_grad()
            F.cross_entropy(net(images.to(device)), labels.to(device)).backward()
            opt.step()
