"""The notebooks that students get: cells of the reference, with what they are to write left out."""

from __future__ import annotations

from hw4_notebooks import Cell, cells, scripts

_FILTERS = [
    Cell(
        "# Filters by hand\n\n"
        "Write the kernels and apply them with `scipy.ndimage.convolve`. An image is an array (H, W) of floats.",
        "markdown",
    ),
    Cell(
        "def averaging_filtering(image, filter_size=3):\n"
        '    """The mean over filter_size x filter_size pixels around each pixel of a grey image (H, W)."""\n'
        "    kernel = None  # TODO\n"
        "    return scipy.ndimage.convolve(image, kernel)"
    ),
    Cell(
        "def edge_detecting(image):\n"
        '    """The Laplacian of a grey image (H, W): -4 at the pixel itself, 1 at its four neighbours."""\n'
        "    kernel = None  # TODO\n"
        "    return scipy.ndimage.convolve(image, kernel)"
    ),
]

_SWEEPS = '''\
TRAIN_SIZES = (10, 20, 30, 40, 50)  # images per class
VALID_SIZE = 50

# Each function returns a dict {images per class: (training loader, validation loader)} with the five TRAIN_SIZES as
# keys. Training loaders shuffle; each validation loader has VALID_SIZE new images per class.


def size_sweep_loaders():
    """Three classes, as in DEFAULT_CONFIG."""
    raise NotImplementedError


def domain_shift_loaders():
    """possible_edge_location_ratio is 0.5."""
    raise NotImplementedError


def permuted_loaders(permutater, unpermutater):
    """The pixels of all images are in the order of `permutater`, a list of 784 indices; the other is its inverse."""
    raise NotImplementedError


def five_class_loaders():
    """Classes 0 to 4 are "horizontal", "vertical", "diagonal", "both" and "none"."""
    raise NotImplementedError'''

_SETTINGS = '''\
# Find values that reach the aim; the graders train a network of their own with them, up to 4000 steps with Adam on the
# cross entropy. num_filters is at most 32, kernel_size at most 9.

# 100 % training accuracy with 10 images per class:
OVERFIT_CNN = {"num_filters": None, "kernel_size": None, "learning_rate": None, "epochs": None, "batch_size": None}
OVERFIT_MLP = {"hidden_dims": [None, None], "learning_rate": None, "epochs": None, "batch_size": None}
# 80 % validation accuracy with 50 images per class:
CNN_50 = {"num_filters": None, "kernel_size": None, "learning_rate": None, "epochs": None, "batch_size": None}
# 90 % with 10 images per class:
CNN_10 = {"num_filters": None, "kernel_size": None, "learning_rate": None, "epochs": None, "batch_size": None}
# 80 % with 10 images per class under the domain shift:
CNN_SHIFT = {"num_filters": None, "kernel_size": None, "learning_rate": None, "epochs": None, "batch_size": None}
# On permuted pixels, 50 images per class, the MLP is better than the CNN:
MLP_PERMUTED = {"hidden_dims": [None, None], "learning_rate": None, "epochs": None, "batch_size": None}
CNN_PERMUTED = {"num_filters": None, "kernel_size": None, "learning_rate": None, "epochs": None, "batch_size": None}
# 70 % for five classes with 50 images each, with max pooling and with average pooling:
CNN_FIVE = {"num_filters": None, "kernel_size": None, "learning_rate": None, "epochs": None, "batch_size": None}'''

_AVERAGE = '''\
class SimpleCNNAvgPool(SimpleCNN):
    """SimpleCNN with average pooling in place of both max poolings."""

    def forward(self, x):
        raise NotImplementedError'''

_MEMORY = [
    Cell(
        '''\
def make_resnet152(num_classes=10):
    """ResNet-152 of torchvision, untrained, with num_classes outputs."""
    raise NotImplementedError


def count_parameters(model):
    """How many numbers the parameters of a network are."""
    raise NotImplementedError


def size_in_mb(model):
    """The memory of the parameters in MB, that is 1,000,000 bytes."""
    raise NotImplementedError'''
    ),
    Cell(
        '''\
def make_optimizer(name, parameters, learning_rate=0.01):
    """The optimizer called "sgd", "momentum" (SGD with momentum 0.9) or "adam"."""
    raise NotImplementedError


def optimizer_state_bytes(optimizer):
    """The bytes of all tensors that an optimizer keeps between its steps."""
    raise NotImplementedError'''
    ),
]


def templates() -> dict[str, list[Cell]]:
    """The cells of each notebook."""
    given = {name: cells(script) for name, script in scripts().items()}
    edges = [cell for cell in given["edge_detection"] if "TRAIN_SIZES =" not in cell.source]
    edges = [cell for cell in edges if not cell.source.startswith(("OVERFIT_CNN", "class SimpleCNNAvgPool"))]
    memory = given["GPUMemory"]
    return {
        "HandDesignFilters": [_FILTERS[0], given["HandDesignFilters"][0], *_FILTERS[1:]],
        "edge_detection": [
            Cell("# What a network takes for granted\n\nGiven: data, networks, training.", "markdown"),
            *edges,
            Cell("## Data loaders", "markdown"),
            Cell(_SWEEPS),
            Cell("## Hyper-parameters", "markdown"),
            Cell(_SETTINGS),
            Cell(_AVERAGE),
        ],
        "GPUMemory": [
            Cell(
                "# Memory of a GPU\n\nTrain ResNet-18 on CIFAR-10 (224 x 224) with `run` and batch sizes 4, 16, 64, 256 and"
                " 1024. Hand in the logs as `logs/batch_4.csv` and so on.",
                "markdown",
            ),
            memory[0],
            *_MEMORY,
            memory[-1],
        ],
    }
