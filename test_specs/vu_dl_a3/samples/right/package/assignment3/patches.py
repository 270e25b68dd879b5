"""From images to columns of patches and back."""

import torch
import torch.nn.functional as F


def steps(size: int, kernel: int, stride: int, padding: int) -> int:
    """Number of places along one axis."""
    return (size + 2 * padding - kernel) // stride + 1


def unfold(input: torch.Tensor, kernel: torch.Tensor, stride: int, padding: int) -> torch.Tensor:
    """(b, c, h, w) -> (b, k, p), through an index of every value's place in the padded image."""
    c, hk, wk = kernel.shape[1:]
    padded = F.pad(input, [padding, padding, padding, padding])
    return padded.flatten(1)[:, places(padded.shape[1:], (hk, wk), stride)]


def fold(columns: torch.Tensor, image: torch.Size, size: tuple, stride: int, padding: int) -> torch.Tensor:
    """(b, k, p) -> (b, c, h, w): every value is added where it came from."""
    c, h, w = image
    shape = (c, h + 2 * padding, w + 2 * padding)
    index = places(shape, size, stride).flatten()
    padded = columns.new_zeros(len(columns), c * shape[1] * shape[2])
    padded.index_add_(1, index, columns.flatten(1))
    return padded.unflatten(1, shape)[:, :, padding : padding + h, padding : padding + w]


def places(shape: tuple, size: tuple, stride: int) -> torch.Tensor:
    """(k, p): where the values of the patches lie in a flat padded image of `shape` (c, h, w)."""
    c, h, w = shape
    hk, wk = size
    image = torch.arange(c * h * w).reshape(c, h, w)
    windows = image.unfold(1, hk, stride).unfold(2, wk, stride)  # c, h_out, w_out, hk, wk
    return windows.permute(0, 3, 4, 1, 2).reshape(c * hk * wk, -1)
