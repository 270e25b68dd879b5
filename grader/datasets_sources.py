"""Where the official files of the data sets are, and how to tell that one has arrived whole."""

from __future__ import annotations

from dataclasses import dataclass

CIFAR_TRAIN_FILES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
CIFAR_TEST_FILE = "test_batch.bin"


@dataclass(frozen=True)
class SourceFile:
    """One file as it is published: a .gz of one file, or a .tar.gz of several."""

    name: str
    size: int  # bytes
    sha256: str
    contents: tuple[str, ...]  # the names of what is unpacked from it, beside it


@dataclass(frozen=True)
class Source:
    """One data set."""

    name: str  # as the command line says it
    title: str
    folder: str  # below the folder of all data
    addresses: tuple[str, ...]  # folders that hold its files, best first
    files: tuple[SourceFile, ...]

    @property
    def size(self) -> int:
        """Bytes to fetch."""
        return sum(file.size for file in self.files)


def _packed(name: str, size: int, sha256: str) -> SourceFile:
    return SourceFile(f"{name}.gz", size, sha256, (name,))


_FASHION_MNIST = Source(
    name="fashion_mnist",
    title="70000 grey images of clothes, 28x28",
    folder="FashionMNIST/raw",
    addresses=(
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    files=(
        _packed(
            "train-images-idx3-ubyte",
            26_421_880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        _packed(
            "train-labels-idx1-ubyte",
            29_515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        _packed(
            "t10k-images-idx3-ubyte",
            4_422_102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        _packed(
            "t10k-labels-idx1-ubyte",
            5_148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
)

_MNIST = Source(
    name="mnist",
    title="70000 handwritten digits, 28x28",
    folder="MNIST/raw",
    addresses=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    files=(
        _packed(
            "train-images-idx3-ubyte",
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        _packed(
            "train-labels-idx1-ubyte",
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        _packed(
            "t10k-images-idx3-ubyte",
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        _packed(
            "t10k-labels-idx1-ubyte",
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
)

_CIFAR10 = Source(
    name="cifar10",
    title="60000 colour photographs, 32x32",
    folder="cifar-10-batches-bin",
    addresses=("https://www.cs.toronto.edu/~kriz/",),
    files=(
        SourceFile(
            "cifar-10-binary.tar.gz",
            170_052_171,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            (*CIFAR_TRAIN_FILES, CIFAR_TEST_FILE),
        ),
    ),
)

SOURCES = {source.name: source for source in (_FASHION_MNIST, _MNIST, _CIFAR10)}
