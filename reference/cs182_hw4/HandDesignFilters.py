# %%
"""Two filters whose kernels are made by hand."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

Image = NDArray[np.float64]


# %%
def averaging_filtering(image: Image, filter_size: int = 3) -> Image:
    """The mean over filter_size x filter_size pixels around each pixel of a grey image (H, W)."""
    kernel = np.ones((filter_size, filter_size)) / filter_size**2
    found: Image = scipy.ndimage.convolve(image, kernel)
    return found


# %%
def edge_detecting(image: Image) -> Image:
    """The Laplacian of a grey image (H, W)."""
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    found: Image = scipy.ndimage.convolve(image, kernel)
    return found
