"""IDX files against torchvision's own reader, and the offline stand-in with its cache."""

import gzip
import struct
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import datasets
from grader.datasets import idx_bytes, parse_idx
from grader.errors import UsageError
from grader.harness.torchvision_compat import declare_missing_operators
from grader.idx import read_idx

SHAPES = st.lists(st.integers(0, 5), min_size=1, max_size=3)


def some_images(count: int = 7) -> torch.Tensor:
    return torch.randint(0, 256, (count, 28, 28), generator=torch.Generator().manual_seed(count)).to(
        torch.uint8
    )


def some_files(count: int = 7) -> dict[str, bytes]:
    labels = torch.arange(count) % 10
    return datasets.idx_files(
        some_images(count), labels, some_images(count + 1), torch.arange(count + 1) % 10
    )


def write(folder, files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


@given(SHAPES, st.integers(0, 255))
@settings(max_examples=25, deadline=None)
def test_a_tensor_survives_the_format(shape, start):
    values = (torch.arange(np.prod(shape), dtype=torch.int64).reshape(shape) + start) % 256
    parsed = parse_idx(idx_bytes(values))
    assert parsed.dtype == torch.uint8
    assert torch.equal(parsed.long(), values)


def test_the_header_is_the_one_of_the_mnist_files():
    assert idx_bytes(torch.zeros(2, 28, 28))[:16] == struct.pack(">IIII", 0x803, 2, 28, 28)
    assert idx_bytes(torch.tensor([5, 255])) == struct.pack(">II", 0x801, 2) + b"\x05\xff"


@pytest.mark.parametrize(
    "values", [torch.tensor(1), torch.zeros(1, 1, 1, 1), torch.tensor([256]), torch.tensor([0.5])]
)
def test_values_that_the_format_cannot_hold_are_refused(values):
    with pytest.raises(ValueError, match="IDX"):
        idx_bytes(values)


@given(st.binary(max_size=40))
@settings(max_examples=50, deadline=None)
def test_any_bytes_parse_or_are_refused(content):
    try:
        parsed = parse_idx(content)
    except ValueError:
        return
    assert idx_bytes(parsed) == content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08",
        b"\0\0\x08\x03\0\0",
        idx_bytes(torch.zeros(2, 3))[:-1],
        idx_bytes(torch.zeros(2, 3)) + b"\0",
        b"\0\0\x08\x03" + b"\xff" * 12,  # a shape of 10**28 values
        b"\0\0\x0d\x01" + struct.pack(">If", 1, 1.0),  # floats
    ],
)
def test_damaged_content_is_refused(content):
    with pytest.raises(ValueError, match=r"IDX|values"):
        parse_idx(content)


def test_real_files_are_read_packed_or_not(tmp_path):
    files = some_files()
    raw = tmp_path / "FashionMNIST" / "raw"
    write(raw, {name: content for name, content in files.items() if "images" in name})
    write(
        tmp_path / "MNIST" / "raw", {name + ".gz": gzip.compress(content) for name, content in files.items()}
    )
    for name in ("train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"):
        (raw / f"{name}.gz").write_bytes(gzip.compress(files[name]))

    fashion, digits = datasets.fashion_mnist(tmp_path), datasets.mnist(tmp_path)

    assert (fashion.name, digits.name) == ("FashionMNIST", "MNIST")
    assert torch.equal(fashion.train_images, some_images(7))
    assert fashion.test_labels.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert torch.equal(fashion.test_images, digits.test_images)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match="train-images-idx3-ubyte"):
        datasets.fashion_mnist(tmp_path)


def test_a_damaged_file_is_named(tmp_path):
    files = some_files()
    files["t10k-labels-idx1-ubyte"] = files["t10k-labels-idx1-ubyte"][:-1]
    write(tmp_path / "MNIST" / "raw", files)
    with pytest.raises(UsageError, match=r"t10k-labels-idx1-ubyte.*damaged"):
        datasets.mnist(tmp_path)


@pytest.mark.parametrize("cut", [10, -9])
def test_a_cut_gzip_file_is_refused(tmp_path, cut):
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx_bytes(some_images()))[:cut])
    with pytest.raises(UsageError, match="damaged"):
        read_idx(tmp_path / "a")


def test_a_gzip_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("grader.idx.MAX_BYTES", 10_000)
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(1_000_000)))
    with pytest.raises(UsageError, match="more than 10000 bytes"):
        read_idx(tmp_path / "a")


def test_labels_must_belong_to_the_images(tmp_path):
    files = some_files()
    files["train-labels-idx1-ubyte"] = idx_bytes(torch.zeros(3))
    write(tmp_path / "MNIST" / "raw", files)
    with pytest.raises(UsageError, match="3 labels"):
        datasets.mnist(tmp_path)


def test_the_setting_names_the_folder(tmp_path):
    assert datasets.folder_from_environment({"TENSORGRADE_DATA": str(tmp_path)}) == tmp_path
    assert datasets.folder_from_environment({"TENSORGRADE_DATA": ""}) is None
    assert datasets.folder_from_environment({}) is None


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_stand_in_is_all_the_digits(cache):
    data = datasets.fashion_mnist(None)
    assert "offline" in data.name
    assert data.train_images.shape == (1200, 28, 28)
    assert data.test_images.shape == (597, 28, 28)
    assert data.train_images.dtype == data.train_labels.dtype == torch.uint8
    labels = torch.cat([data.train_labels, data.test_labels])
    assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data.test_labels.bincount().min() > 40
    assert data.train_images.max() == 255


def test_the_resized_images_are_the_digits_bilinearly(cache):
    """scikit-learn's images through torch's own interpolation, put in order by their content."""
    from sklearn.datasets import load_digits

    small = torch.from_numpy(load_digits().images)[:, None]
    expected = torch.nn.functional.interpolate(small, (28, 28), mode="bilinear")[:, 0] * (255 / 16)
    data = datasets.mnist(None)
    made = torch.cat([data.train_images, data.test_images]).double()
    nearest = torch.cdist(made.flatten(1), expected.flatten(1), p=float("inf")).min(1)
    assert nearest.values.max() < 0.51
    assert len(nearest.indices.unique()) >= 1797 - 5


def test_the_stand_in_is_always_the_same(cache, monkeypatch):
    first = datasets.fashion_mnist(None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache / "elsewhere"))
    second = datasets.fashion_mnist(None)
    assert torch.equal(first.train_images, second.train_images)
    assert torch.equal(first.test_labels, second.test_labels)


def test_the_second_time_comes_from_the_cache_without_scikit_learn(cache, monkeypatch):
    first = datasets.fashion_mnist(None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    second = datasets.mnist(None)
    assert torch.equal(first.test_images, second.test_images)
    assert sorted(path.name for path in (cache / "tensorgrade").iterdir()) == ["offline-digits-1"]


def test_a_damaged_cache_is_made_again(cache):
    first = datasets.fashion_mnist(None)
    file = next(cache.rglob("train-images-idx3-ubyte"))
    file.write_bytes(file.read_bytes()[:100])
    assert torch.equal(datasets.fashion_mnist(None).train_images, first.train_images)
    assert torch.equal(parse_idx(file.read_bytes()), first.train_images)


def test_a_cache_that_cannot_be_written_does_not_matter(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(datasets.fashion_mnist(None).train_images) == 1200


def test_torchvision_reads_our_files(tmp_path):
    declare_missing_operators()
    from torchvision.datasets import FashionMNIST

    write(tmp_path / "FashionMNIST" / "raw", some_files())
    train = FashionMNIST(str(tmp_path), train=True, download=True)
    test = FashionMNIST(str(tmp_path), train=False, download=True)
    assert torch.equal(train.data, some_images(7))
    assert torch.equal(test.data, some_images(8))
    assert test.targets.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
