# assignment 3, first version

import math

import torch
import torch.nn as nn


def output_size(W, K, S, P):
    return math.floor((W - K + 2 * P) / S) + 1


def pad_images(x, padding):
    b, c, h, w = x.shape
    padded = torch.zeros(b, c, h + 2 * padding, w + 2 * padding, dtype=x.dtype)
    padded[:, :, padding : padding + h, padding : padding + w] = x
    return padded


def unfold(input, kernel, stride, padding):
    """returns (b, p, k)"""
    b, c, h, w = input.shape
    hk, wk = kernel.shape[2], kernel.shape[3]
    h_out = output_size(h, hk, stride, padding)
    w_out = output_size(w, wk, stride, padding)
    padded = pad_images(input, padding)
    patches = []
    for i in range(h_out):
        for j in range(w_out):
            top = i * stride
            left = j * stride
            patch = padded[:, :, top : top + hk, left : left + wk]
            patches.append(patch.reshape(b, c * hk * wk))
    return torch.stack(patches, dim=1)


class Conv2DFunc(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input_batch, kernel, stride=1, padding=1):
        ctx.save_for_backward(input_batch, kernel)
        ctx.stride = stride
        ctx.padding = padding
        b, c, h, w = input_batch.shape
        c_out, c, hk, wk = kernel.shape
        h_out = output_size(h, hk, stride, padding)
        w_out = output_size(w, wk, stride, padding)
        padded = pad_images(input_batch, padding)
        output = torch.zeros(b, c_out, h_out, w_out, dtype=input_batch.dtype)
        for o in range(c_out):
            for i in range(h_out):
                for j in range(w_out):
                    patch = padded[:, :, i * stride : i * stride + hk, j * stride : j * stride + wk]
                    output[:, o, i, j] = (patch * kernel[o]).sum(dim=(1, 2, 3))
        return output

    @staticmethod
    def backward(ctx, grad_output):
        input_batch, kernel = ctx.saved_tensors
        stride, padding = ctx.stride, ctx.padding
        b, c, h, w = input_batch.shape
        c_out, c, hk, wk = kernel.shape
        padded = pad_images(input_batch, padding)
        grad_padded = torch.zeros_like(padded)
        grad_kernel = torch.zeros_like(kernel)
        for o in range(c_out):
            for i in range(grad_output.shape[2]):
                for j in range(grad_output.shape[3]):
                    rows = slice(i * stride, i * stride + hk)
                    columns = slice(j * stride, j * stride + wk)
                    g = grad_output[:, o, i, j].reshape(b, 1, 1, 1)
                    grad_padded[:, :, rows, columns] += g * kernel[o]
                    grad_kernel[o] += (g * padded[:, :, rows, columns]).sum(dim=0)
        grad_input = grad_padded[:, :, padding : padding + h, padding : padding + w]
        return grad_input, grad_kernel, None, None


class Conv2D(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=(3, 3), stride=1, padding=1):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(out_channels, in_channels, kernel_size[0], kernel_size[1]) * 0.1)
        self.stride = stride
        self.padding = padding

    def forward(self, input_batch):
        return Conv2DFunc.apply(input_batch, self.kernel, self.stride, self.padding)


# ---- gradients by hand

def division_backward(grad, x, y):
    dx = torch.zeros_like(x)
    dy = torch.zeros_like(y)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            dx[i, j] = grad[i, j] / y[i, j]
            dy[i, j] = -grad[i, j] * x[i, j] / y[i, j] ** 2
    return dx, dy


def elementwise_backward(grad, x, derivative):
    slope = derivative(x)
    return grad * slope


def linear_backward(grad, x):
    o, n = grad.shape
    f = x.shape[1]
    dw = torch.zeros(o, f, dtype=grad.dtype)
    for i in range(n):
        dw += grad[:, i].reshape(o, 1) * x[i].reshape(1, f)
    return dw


def expand_backward(grad):
    dx = torch.zeros(grad.shape[0], dtype=grad.dtype)
    for column in range(grad.shape[1]):
        dx = dx + grad[:, column]
    return dx


# ---- networks

def count_parameters(model):
    total = 0
    for p in model.parameters():
        if p.requires_grad:
            n = 1
            for s in p.shape:
                n = n * s
            total = total + n
    return total


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.pool = nn.MaxPool2d(2)
        self.linear = nn.Linear(64 * 3 * 3, 10)

    def forward(self, x):
        channels = 1
        for filters in (16, 32, 64):
            conv = nn.Conv2d(channels, filters, kernel_size=3, stride=1, padding=1)
            x = self.pool(torch.relu(conv(x)))
            channels = filters
        x = x.view(x.shape[0], -1)
        return self.linear(x)


class VariableNet(nn.Module):
    def __init__(self, n_filters=64):
        super(VariableNet, self).__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, stride=1, padding=1)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3, stride=1, padding=1)
        self.conv3 = nn.Conv2d(32, n_filters, kernel_size=3, stride=1, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.linear = nn.Linear(n_filters, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        x = torch.relu(self.conv3(x))  # no pooling here, the global one follows
        x = x.max(dim=3)[0].max(dim=2)[0]
        return self.linear(x)
