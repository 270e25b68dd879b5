#!/usr/bin/env python
# coding: utf-8

# # Filters by hand


# In[2]:


get_ipython().run_line_magic('matplotlib', 'inline')
get_ipython().run_line_magic('load_ext', 'autoreload')
get_ipython().run_line_magic('autoreload', '2')


# In[3]:


get_ipython().system('pip install -q scipy matplotlib')


# In[4]:


import urllib.request
import matplotlib.pyplot as plt
urllib.request.urlretrieve("http://example.org/bridge.png", "bridge.png")
image = plt.imread("bridge.png").mean(axis=2)
plt.imshow(image, cmap="gray")
plt.show()


# In[5]:


"""Two filters whose kernels are made by hand."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

Image = NDArray[np.float64]


# In[6]:


def averaging_filtering(image: Image, filter_size: int = 3) -> Image:
    """The mean over filter_size x filter_size pixels around each pixel of a grey image (H, W)."""
    kernel = np.ones((filter_size, filter_size)) / filter_size**2
    found: Image = scipy.ndimage.convolve(image, kernel)
    return found


# In[7]:


def edge_detecting(image: Image) -> Image:
    """The Laplacian of a grey image (H, W)."""
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    found: Image = scipy.ndimage.convolve(image, kernel)
    return found


# In[8]:


fig, axes = plt.subplots(1, 3)
for axis, size in zip(axes, (3, 5, 9)):
    axis.imshow(averaging_filtering(image, size))
plt.show()


# In[9]:


edge_detecting(image)

