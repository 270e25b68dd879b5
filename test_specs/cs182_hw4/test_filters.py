"""Part `filters`: 7 points. The oracle is SciPy, in the examiner."""

import numpy as np
import pytest
from scipy import ndimage

from grader.spec import close, part, points, visibility

pytestmark = [part("filters")]

LAPLACIAN = np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])


@pytest.fixture
def image():
    """A grey image (13, 16) of random numbers."""
    return np.random.rand(13, 16)


def mean_around(image, size):
    """The mean around each pixel; where a window of even size has no centre, both ways to place it."""
    kernel = np.full((size, size), 1 / size**2)
    return [function(image, kernel) for function in (ndimage.convolve, ndimage.correlate)]


@points(1)
@visibility("visible")
def test_averaging_example(submission):
    """averaging_filtering takes 3 x 3 pixels unless told: a bright pixel is spread evenly over 9."""
    image = np.zeros((5, 5))
    image[2, 2] = 9.0
    expected = np.zeros((5, 5))
    expected[1:4, 1:4] = 1.0
    assert submission.HandDesignFilters.averaging_filtering(image) == close(expected)


@points(4)
@pytest.mark.parametrize("size", [3, 5, 6, 9])
def test_averaging(submission, image, size):
    """averaging_filtering gives the mean around each pixel, for this filter_size."""
    found = submission.HandDesignFilters.averaging_filtering(image, filter_size=size)
    convolved, correlated = mean_around(image, size)
    is_other = size % 2 == 0 and found == close(correlated)
    assert found == close(correlated if is_other else convolved)


@points(1)
@visibility("visible")
def test_edge_example(submission):
    """edge_detecting answers to a bright pixel with -4 there and 1 at its four neighbours."""
    image = np.zeros((5, 5))
    image[2, 2] = 1.0
    expected = np.zeros((5, 5))
    expected[1:4, 1:4] = LAPLACIAN
    assert submission.HandDesignFilters.edge_detecting(image) == close(expected)


@points(1)
def test_edge_detecting(submission, image):
    """edge_detecting convolves a whole image with the Laplacian kernel."""
    found = submission.HandDesignFilters.edge_detecting(image)
    assert found == close(ndimage.convolve(image, LAPLACIAN))
