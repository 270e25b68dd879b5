import numpy as np
import torch
import torch.nn as nn


def im2col_indices(c, h, w, hk, wk, stride, padding):
    """Three index arrays of shape (k, p): channel, row and column in the padded image."""
    h_out = int((h + 2 * padding - hk) / stride) + 1
    w_out = int((w + 2 * padding - wk) / stride) + 1

    channel = np.repeat(np.arange(c), hk * wk).reshape(-1, 1)
    row_in_patch = np.tile(np.repeat(np.arange(hk), wk), c).reshape(-1, 1)
    column_in_patch = np.tile(np.arange(wk), hk * c).reshape(-1, 1)
    top = stride * np.repeat(np.arange(h_out), w_out).reshape(1, -1)
    left = stride * np.tile(np.arange(w_out), h_out).reshape(1, -1)
    return channel, row_in_patch + top, column_in_patch + left, h_out, w_out


def im2col(x, hk, wk, stride, padding):
    b, c, h, w = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    channel, row, column, h_out, w_out = im2col_indices(c, h, w, hk, wk, stride, padding)
    return padded[:, channel, row, column], h_out, w_out


def col2im(columns, shape, hk, wk, stride, padding):
    b, c, h, w = shape
    padded = np.zeros((b, c, h + 2 * padding, w + 2 * padding))
    channel, row, column, _, _ = im2col_indices(c, h, w, hk, wk, stride, padding)
    np.add.at(padded, (slice(None), channel, row, column), columns)
    return padded[:, :, padding:padding + h, padding:padding + w]


def unfold(input, kernel, stride, padding):
    hk, wk = kernel.shape[-2:]
    columns, _, _ = im2col(input.detach().numpy(), hk, wk, stride, padding)
    return torch.from_numpy(columns)


class Conv2DFunc(torch.autograd.Function):

    @staticmethod
    def forward(ctx, input_batch, kernel, stride=1, padding=1):
        x = input_batch.detach().numpy().astype(np.float64)
        w = kernel.detach().numpy().astype(np.float64)
        c_out, c, hk, wk = w.shape
        columns, h_out, w_out = im2col(x, hk, wk, stride, padding)
        y = np.matmul(w.reshape(c_out, -1), columns)
        ctx.save_for_backward(torch.from_numpy(columns))
        ctx.save_for_backward(kernel)
        ctx.x_shape, ctx.dtype = x.shape, input_batch.dtype
        ctx.stride, ctx.padding = stride, padding
        return torch.from_numpy(y.reshape(len(x), c_out, h_out, w_out)).to(ctx.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        columns, kernel = ctx.saved_tensors
        columns, w = columns.numpy(), kernel.detach().numpy().astype(np.float64)
        c_out, c, hk, wk = w.shape
        dy = grad_output.numpy().astype(np.float64)
        dy = dy.reshape(dy.shape[0], c_out, -1)
        dw = np.zeros((c_out, c * hk * wk))
        for one_dy, one_columns in zip(dy, columns):
            dw += one_dy @ one_columns.T
        dx = col2im(np.matmul(w.reshape(c_out, -1).T, dy), ctx.x_shape, hk, wk, ctx.stride, ctx.padding)
        dw = torch.from_numpy(dw.reshape(w.shape)).to(ctx.dtype)
        dx = torch.from_numpy(np.ascontiguousarray(dx)).to(ctx.dtype)
        return dx, dw, None, None


class Conv2D(nn.Module):

    def __init__(self, in_channels, out_channels, kernel_size=(3, 3), stride=1, padding=1):
        super().__init__()
        limit = np.sqrt(6 / (in_channels + out_channels) / np.prod(kernel_size))
        start = np.random.uniform(-limit, limit, (out_channels, in_channels) + tuple(kernel_size))
        self.kernel = nn.Parameter(torch.tensor(start, dtype=torch.float32))
        self.stride = stride
        self.padding = padding

    def forward(self, input_batch):
        return Conv2DFunc.apply(input_batch, self.kernel, self.stride, self.padding)


def division_backward(grad, x, y):
    grad, x, y = grad.numpy(), x.numpy(), y.numpy()
    return np.divide(grad, y), -np.divide(grad * x, np.power(y, 2))


def elementwise_backward(grad, x, derivative):
    return grad * derivative(x)


def linear_backward(grad, x):
    return np.dot(grad.numpy(), x.numpy())


def expand_backward(grad):
    return np.sum(grad.numpy(), axis=1)


def count_parameters(model):
    return int(np.sum([np.prod(p.shape) for p in model.parameters() if p.requires_grad]))


class Net(nn.Module):

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(576, 10),
        )

    def forward(self, images):
        return self.layers(images)


class VariableNet(nn.Module):

    def __init__(self, n_filters=64):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(32, n_filters, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.AdaptiveMaxPool2d((1, 1)),
            nn.Flatten(),
            nn.Linear(n_filters, 10),
        )

    def forward(self, images):
        return self.layers(images)
