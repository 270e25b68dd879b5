"""The binary form of CIFAR-10 against bytes written by hand, and the coloured stand-in."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import datasets
from grader.datasets_cifar import RECORD, cifar_bytes, parse_cifar, read_cifar
from grader.errors import UsageError


def some_images(count, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 32, 32, 3), generator=rng, dtype=torch.uint8)


def write(folder, files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def test_a_record_is_a_label_and_three_planes():
    planes = bytes(range(256)) * 4, bytes([9] * 1024), bytes([0] * 1023 + [7])
    images, labels = parse_cifar(b"\x05" + b"".join(planes))
    assert labels.tolist() == [5]
    assert images.shape == (1, 32, 32, 3)
    assert images[0, 0, :4].tolist() == [[0, 9, 0], [1, 9, 0], [2, 9, 0], [3, 9, 0]]
    assert images[0, 1, 0].tolist() == [32, 9, 0]
    assert images[0, 31, 31].tolist() == [255, 9, 7]


@given(st.integers(0, 4), st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_images_survive_the_format(count, label):
    images, labels = some_images(count), torch.full((count,), label)
    again = parse_cifar(cifar_bytes(images, labels))
    assert torch.equal(again[0], images)
    assert again[1].tolist() == labels.tolist()


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (some_images(2), torch.tensor([1])),
        (some_images(1).permute(0, 3, 1, 2), torch.tensor([1])),
        (some_images(1).float(), torch.tensor([1])),
        (some_images(1), torch.tensor([10])),
        (some_images(1), torch.tensor([-1])),
    ],
)
def test_what_the_format_cannot_hold_is_refused(images, labels):
    with pytest.raises(ValueError, match="CIFAR-10"):
        cifar_bytes(images, labels)


@pytest.mark.parametrize(
    "content", [b"\0", bytes(RECORD - 1), bytes(RECORD + 1), b"\x0a" + bytes(RECORD - 1)]
)
def test_damaged_content_is_refused(content):
    with pytest.raises(ValueError, match=r"records|label"):
        parse_cifar(content)


def test_six_files_are_read_in_order(tmp_path):
    train, test = some_images(13), some_images(3, seed=1)
    files = datasets.cifar_files(train, torch.arange(13) % 10, test, torch.arange(3))
    assert sorted(files) == [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
    write(tmp_path / "cifar-10-batches-bin", files)
    data = datasets.cifar10(tmp_path)
    assert data.name == "CIFAR-10"
    assert torch.equal(data.train_images, train)
    assert torch.equal(data.test_images, test)
    assert data.train_labels.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2]


def test_a_missing_or_damaged_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"data_batch_1\.bin"):
        datasets.cifar10(tmp_path)
    files = datasets.cifar_files(some_images(5), torch.zeros(5), some_images(1), torch.zeros(1))
    write(tmp_path / "x", files | {"data_batch_3.bin": b"short"})
    with pytest.raises(UsageError, match=r"data_batch_3\.bin is damaged"):
        read_cifar(tmp_path / "x")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_stand_in_is_the_digits_in_colour(cache):
    data, grey = datasets.cifar10(None), datasets.mnist(None)
    assert "offline" in data.name
    assert data.train_images.shape == (1200, 32, 32, 3)
    assert data.test_images.shape == (597, 32, 32, 3)
    assert data.train_images.dtype == torch.uint8
    assert torch.equal(data.train_labels, grey.train_labels)
    assert torch.equal(data.test_labels, grey.test_labels)


def test_the_colour_of_the_stand_in_does_not_tell_the_class(cache):
    """A linear fit of the ten classes to the mean colour does no better than one to nothing."""
    data = datasets.cifar10(None)
    colour = data.train_images.double().mean((1, 2))
    known = torch.cat((colour / 255, torch.ones(1200, 1)), 1)
    wanted = torch.nn.functional.one_hot(data.train_labels.long(), 10).double()
    guessed = (known @ torch.linalg.lstsq(known, wanted).solution).argmax(1)
    assert (guessed == data.train_labels).double().mean() < 0.2


def test_the_stand_in_has_both_bright_and_dark_values_and_comes_back_from_the_cache(cache):
    first, second = datasets.cifar10(None), datasets.cifar10(None)
    assert first.train_images.min() < 20
    assert first.train_images.max() > 235
    assert torch.equal(first.train_images, second.train_images)
    assert torch.equal(first.test_labels, second.test_labels)
    assert [path.name for path in (cache / "tensorgrade").iterdir()] == ["offline-colour-1"]
