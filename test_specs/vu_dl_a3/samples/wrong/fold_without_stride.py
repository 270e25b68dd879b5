"""Assignment 3, group 8"""

import torch
import torch.nn as nn
import torch.nn.functional as F


def get_output_shape(h, w, hk, wk, stride, padding):
    hout = (h + 2 * padding - hk) // stride + 1
    wout = (w + 2 * padding - wk) // stride + 1
    return hout, wout


def unfold(input, kernel, stride, padding):
    # kernel is a shape here: (c_out, c, hk, wk)
    c_out, c, hk, wk = kernel
    patches = F.unfold(input, (hk, wk), stride=stride, padding=padding)
    return patches.transpose(1, 2)  # b, p, k


class Conv2DModule(nn.Module):
    """The kernel is kept as the matrix (k, c_out) that the patches are multiplied with."""

    def __init__(self, kernel_size=(16, 3, 3, 3), stride=1, padding=1):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        c_out, c, hk, wk = kernel_size
        self.weights = nn.Parameter(torch.randn(c * hk * wk, c_out) / 10)

    def forward(self, input_batch):
        b, c, h, w = input_batch.shape
        c_out, c, hk, wk = self.kernel_size
        hout, wout = get_output_shape(h, w, hk, wk, self.stride, self.padding)
        patches = unfold(input_batch, self.kernel_size, self.stride, self.padding)
        out = patches @ self.weights  # b, p, c_out
        return out.transpose(1, 2).reshape(b, c_out, hout, wout)


class Conv2DFunc(torch.autograd.Function):
    """Conv2DModule again, with the backward by hand."""

    @staticmethod
    def forward(ctx, input_batch, kernel, stride=1, padding=1):
        b, c, h, w = input_batch.shape
        c_out, c, hk, wk = kernel.shape
        hout, wout = get_output_shape(h, w, hk, wk, stride, padding)
        patches = unfold(input_batch, kernel.shape, stride, padding)
        weights = kernel.reshape(c_out, c * hk * wk).t()
        ctx.save_for_backward(input_batch, kernel)
        ctx.stride = stride
        ctx.padding = padding
        out = patches @ weights
        return out.transpose(1, 2).reshape(b, c_out, hout, wout)

    @staticmethod
    def backward(ctx, grad_output):
        input_batch, kernel = ctx.saved_tensors
        b, c, h, w = input_batch.shape
        c_out, c, hk, wk = kernel.shape
        grad = grad_output.permute(0, 2, 3, 1).reshape(b, -1, c_out)  # b, p, c_out
        weights = kernel.reshape(c_out, c * hk * wk).t()
        patches = unfold(input_batch, kernel.shape, ctx.stride, ctx.padding)

        grad_weights = torch.bmm(patches.transpose(1, 2), grad).sum(dim=0)  # k, c_out
        grad_kernel = grad_weights.t().reshape(c_out, c, hk, wk)
        grad_patches = grad @ weights.t()  # b, p, k
        grad_input = F.fold(grad_patches.transpose(1, 2), (h, w), (hk, wk), padding=ctx.padding)
        return grad_input, grad_kernel, None, None


def division_backward(grad, x, y):
    dx = grad * (1 / y)
    dy = grad * (-x / y.pow(2))
    return dx, dy


def elementwise_backward(grad, x, derivative):
    return grad * derivative(x)


def linear_backward(grad, x):
    return torch.mm(grad, x)


def expand_backward(grad):
    return torch.sum(grad, axis=-1)


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(576, 10)
        self.convs = nn.ModuleList([
            nn.Conv2d(1, 16, 3, 1, 1),
            nn.Conv2d(16, 32, 3, 1, 1),
            nn.Conv2d(32, 64, 3, 1, 1),
        ])

    def forward(self, x):
        for conv in self.convs:
            x = F.relu(F.max_pool2d(conv(x), kernel_size=2))
        return self.fc(x.reshape(len(x), 576))


class VariableNet(nn.Module):
    def __init__(self, n_filters=64):
        super().__init__()
        self.fc = nn.Linear(n_filters, 10)
        self.convs = nn.ModuleList([
            nn.Conv2d(1, 16, 3, 1, 1),
            nn.Conv2d(16, 32, 3, 1, 1),
            nn.Conv2d(32, n_filters, 3, 1, 1),
        ])

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.convs[0](x), kernel_size=2))
        x = F.relu(F.max_pool2d(self.convs[1](x), kernel_size=2))
        x = F.relu(self.convs[2](x))
        x = torch.mean(x, dim=[2, 3])
        return self.fc(x)


if __name__ == "__main__":
    for n in range(60, 100):
        print(n, count_parameters(VariableNet(n)))
