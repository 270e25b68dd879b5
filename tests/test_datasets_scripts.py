"""The scripts of reference/datasets, without a network: what they write is read again by others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from grader import datasets
from grader.idx import read_idx

SCRIPTS = Path(__file__).parents[1] / "reference" / "datasets"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def run(cache):
    def run_script(name, *arguments, status=0):
        command = [sys.executable, SCRIPTS / f"prepare_{name}.py", *map(str, arguments)]
        environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    return run_script


@pytest.mark.parametrize("name", ["fashion_mnist", "mnist", "cifar10"])
def test_a_stand_in_is_written_in_the_format_of_the_real_files(run, tmp_path, name):
    assert "1200 + 597 images" in run(name, tmp_path, "--offline")
    data = getattr(datasets, name)(tmp_path)
    assert len(data.train_images) == len(data.train_labels) == 1200
    assert "is not empty" in run(name, tmp_path, "--offline", status=1)


def test_edges_are_written_as_images_and_labels(run, tmp_path):
    run("edges", tmp_path, "--per-class", 5, "--classes", "both", "none", "--seed", 3)
    images = read_idx(tmp_path / "edges" / "train-images-idx3-ubyte")
    assert images.shape == (10, 28, 28)
    assert read_idx(tmp_path / "edges" / "valid-labels-idx1-ubyte").tolist() == [0] * 5 + [1] * 5
    assert images[:5].flatten(1).max(1).values.min() > 0.25 * 255 > 0.21 * 255 > images[5:].max()


def test_rotated_images_come_with_their_angles(run, tmp_path):
    run("rotated", tmp_path, "--seed", 1, "--degrees", 40)
    with np.load(tmp_path / "rotated" / "rotated.npz", allow_pickle=False) as made:  # noqa: TID251 - our own
        assert made["train_images"].shape == (1200, 28, 28)
        assert made["test_angles"].shape == (597, 1)
        assert made["test_angles"].dtype == np.float32
        upright = datasets.mnist(None).test_images
        still = np.abs(made["test_angles"][:, 0]).argmin()
        difference = torch.from_numpy(made["test_images"][still]).float() - upright[still]
    assert difference.abs().mean() < 8
