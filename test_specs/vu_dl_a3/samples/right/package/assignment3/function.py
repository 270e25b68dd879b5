"""The convolution as a torch.autograd.Function."""

import torch

from . import patches


class Conv2DFunc(torch.autograd.Function):
    """Cross-correlation without bias."""

    @staticmethod
    def forward(ctx, input_batch, kernel, stride=1, padding=1):
        ctx.save_for_backward(input_batch, kernel)
        ctx.stride = stride
        ctx.padding = padding
        h_out, w_out = (
            patches.steps(size, k, stride, padding) for size, k in zip(input_batch.shape[2:], kernel.shape[2:])
        )
        columns = patches.unfold(input_batch, kernel, stride, padding)
        out = torch.tensordot(columns, kernel.flatten(1), dims=([1], [1]))  # b, p, c_out
        return out.movedim(2, 1).reshape(len(input_batch), len(kernel), h_out, w_out)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_output):
        input_batch, kernel = ctx.saved_tensors
        columns = patches.unfold(input_batch, kernel, ctx.stride, ctx.padding)
        grad = grad_output.flatten(2)
        grad_kernel = torch.tensordot(grad, columns, dims=([0, 2], [0, 2])).reshape(kernel.shape)
        grad_columns = torch.tensordot(grad, kernel.flatten(1), dims=([1], [0])).movedim(2, 1)  # b, k, p
        grad_input = patches.fold(grad_columns, input_batch.shape[1:], kernel.shape[2:], ctx.stride, ctx.padding)
        return grad_input, grad_kernel, None, None
