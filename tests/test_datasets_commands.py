"""tensorgrade data, on a catalogue of one small set that a real server on this machine serves."""

from __future__ import annotations

import gzip
import hashlib

import pytest
import torch
from data_server import Behaviour, serving
from typer.testing import CliRunner

from grader import datasets, datasets_sources
from grader.cli import app
from grader.datasets_sources import Source, SourceFile

CONTENTS = datasets.idx_files(
    torch.arange(28 * 28 * 2).reshape(2, 28, 28) % 256,
    torch.tensor([3, 4]),
    torch.zeros(1, 28, 28),
    torch.tensor([5]),
)
FILES = {f"{name}.gz": gzip.compress(content) for name, content in CONTENTS.items()}


@pytest.fixture
def served(monkeypatch):
    """A catalogue with `mnist` only, and its server."""
    behaviour = Behaviour(dict(FILES))
    with serving(behaviour) as address:
        files = tuple(
            SourceFile(name, len(content), hashlib.sha256(content).hexdigest(), (name.removesuffix(".gz"),))
            for name, content in FILES.items()
        )
        source = Source("mnist", "Few digits", "MNIST/raw", (address,), files)
        monkeypatch.setattr(datasets_sources, "SOURCES", {"mnist": source})
        yield behaviour


def run(*arguments, **environment):
    return CliRunner().invoke(
        app, ["data", *map(str, arguments)], env={"TENSORGRADE_DATA": None, **environment}
    )


def test_what_is_fetched_is_what_specs_read(served, tmp_path):
    done = run("fetch", "mnist", "--folder", tmp_path)
    assert done.exit_code == 0, done.output
    assert f"TENSORGRADE_DATA={tmp_path}" in done.stdout
    data = datasets.mnist(datasets.folder_from_environment({"TENSORGRADE_DATA": str(tmp_path)}))
    assert data.train_labels.tolist() == [3, 4]
    assert data.train_images[0, 0, :3].tolist() == [0, 1, 2]


def test_the_folder_comes_from_the_environment(served, tmp_path):
    assert run("fetch", TENSORGRADE_DATA=str(tmp_path)).exit_code == 0
    assert (tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte").exists()
    assert "mnist: ok" in run("verify", TENSORGRADE_DATA=str(tmp_path)).stdout


def test_the_list_tells_how_far_it_is(served, tmp_path):
    assert "missing" in run("list", "--folder", tmp_path).stdout
    served.cuts = [30, 0, 0, 0]
    assert run("fetch", "--folder", tmp_path).exit_code == 3
    assert "begun" in run("list", "--folder", tmp_path).stdout
    assert run("fetch", "--folder", tmp_path).exit_code == 0
    listed = run("list", "--folder", tmp_path).stdout
    assert "ready" in listed
    assert "stand-in" in listed


def test_verify_names_what_is_wrong_and_ends_with_1(served, tmp_path):
    run("fetch", "--folder", tmp_path)
    path = tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    path.write_bytes(b"")
    done = run("verify", "--folder", tmp_path)
    assert done.exit_code == 1
    assert f"{path}: damaged" in done.stdout
    assert "data fetch" in done.stdout
    run("fetch", "--folder", tmp_path)
    assert run("verify", "--folder", tmp_path).exit_code == 0


def test_a_fault_is_a_sentence_on_stderr_and_status_3(served, tmp_path):
    served.files.clear()
    done = run("fetch", "--folder", tmp_path)
    assert done.exit_code == 3
    assert "404" in done.stderr
    assert "doctor" not in done.stderr  # which is about sandboxes


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fetch", "imagenet"), "Known: mnist"),
        (("verify", "imagenet"), "Known: mnist"),
        (("fetch", "mnist", "--mirror", "here"), "https://"),
        (("fetch", "mnist", "mnist", "--mirror", "http://localhost/"), "one data set"),
    ],
)
def test_wrong_usage_is_status_2(served, tmp_path, arguments, words):
    done = run(*arguments, "--folder", tmp_path)
    assert done.exit_code == 2
    assert words in done.stderr


@pytest.mark.parametrize("command", ["fetch", "verify"])
def test_help_has_examples(command):
    assert f"tensorgrade data {command}" in run(command, "--help").stdout
