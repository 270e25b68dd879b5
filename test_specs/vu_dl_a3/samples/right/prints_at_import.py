"""DL assignment 3. Output of all cells is printed when the file runs."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(42)

print("=" * 60)
print("Assignment 3")
print("=" * 60)


def unfold(input, kernel, stride, padding):
    return F.unfold(input, (kernel.shape[2], kernel.shape[3]), 1, padding, stride)


class Conv2DFunc(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input_batch, kernel, stride=1, padding=1):
        batch, channels, height, width = input_batch.shape
        filters, channels, kh, kw = kernel.shape
        patches = unfold(input_batch, kernel, stride, padding)
        matrix = kernel.reshape(filters, -1)
        ctx.save_for_backward(patches, matrix)
        ctx.sizes = (height, width), (kh, kw), stride, padding, kernel.shape
        out_height = int((height + 2 * padding - kh) / stride + 1)
        out_width = int((width + 2 * padding - kw) / stride + 1)
        return matrix.matmul(patches).reshape(batch, filters, out_height, out_width)

    @staticmethod
    def backward(ctx, grad_output):
        patches, matrix = ctx.saved_tensors
        image, size, stride, padding, kernel_shape = ctx.sizes
        grad = grad_output.reshape(grad_output.size(0), grad_output.size(1), -1)
        grad_kernel = grad.matmul(patches.permute(0, 2, 1)).sum(0).reshape(kernel_shape)
        grad_patches = matrix.t().matmul(grad)
        grad_input = F.fold(grad_patches, image, size, 1, padding, stride)
        return grad_input, grad_kernel, None, None


class Conv2D(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size=(3, 3), stride=1, padding=1):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(out_channels, in_channels, *kernel_size))
        self.stride, self.padding = stride, padding

    def forward(self, input_batch):
        return Conv2DFunc.apply(input_batch, self.kernel, self.stride, self.padding)


def division_backward(grad, x, y):
    return grad / y, -1 * grad * x * y**-2


def elementwise_backward(grad, x, derivative):
    return grad * derivative(x)


def linear_backward(grad, x):
    return (x.t() @ grad.t()).t()


def expand_backward(grad):
    return grad.mean(dim=1) * grad.shape[1]


def count_parameters(model):
    return sum([p.numel() for p in model.parameters() if p.requires_grad])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.network = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(576, 10))

    def forward(self, images):
        return self.network(images)


class VariableNet(nn.Module):
    def __init__(self, n_filters=64):
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, n_filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.linear = nn.Linear(n_filters, 10)

    def forward(self, images):
        maps = self.convolutions(images)
        return self.linear(torch.amax(maps, (2, 3)))


# %% Question 5: the patches of one batch
x = torch.rand(2, 3, 9, 9)
k = torch.rand(4, 3, 3, 3)
torch.set_printoptions(threshold=100_000)
print("patches", unfold(x, k, 1, 1).shape)
print(unfold(x, k, 1, 1))

# %% Question 7: the convolution
y = Conv2DFunc.apply(x, k, 1, 1)
print("output", y.shape)
print(y)

# %% Question 8: the gradients
x64 = torch.rand(1, 2, 5, 5, dtype=torch.float64, requires_grad=True)
k64 = torch.rand(3, 2, 3, 3, dtype=torch.float64, requires_grad=True)
print("gradcheck:", torch.autograd.gradcheck(Conv2DFunc.apply, (x64, k64, 2, 1)))

# %% Question 12 and 20
print("Net", count_parameters(Net()))
for n in range(60, 90):
    print("VariableNet", n, count_parameters(VariableNet(n)))
print(Net())
print(VariableNet())
