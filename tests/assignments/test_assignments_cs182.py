"""cs182_hw4: what its specs read of a student's data, and that its samples are what their script writes."""

from __future__ import annotations

import importlib.util
import io
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import assignment
from grader.answers import Sheet
from grader.datasets_edges import EdgeConfig, edge_images, permutation
from grader.errors import NotImplementedYet

SPECS = Path(__file__).parents[2] / "test_specs" / "cs182_hw4"
HEADER = "timestamp,epoch,memUsage,loss,accuracy"


def load(path: Path) -> ModuleType:
    name = f"cs182_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look for it
    spec.loader.exec_module(module)
    return module


edges, logs, trainings = (load(SPECS / f"{name}.py") for name in ("edges", "logs", "trainings"))


@pytest.fixture(scope="module")
def build() -> ModuleType:
    before = sys.path.copy()
    try:
        yield load(SPECS / "samples" / "build.py")
    finally:
        sys.path[:] = before


# ------------------------------------------------------------------ samples


def on_disk(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        return {
            file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()
        }
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(path) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive}


def test_template_and_samples_are_what_the_script_writes(build):
    assert on_disk(SPECS / "template") == build.template()
    for folder, samples in (("right", build.right()), ("wrong", build.wrong())):
        for name, files in samples.items():
            assert on_disk(SPECS / "samples" / folder / name) == files, f"{folder}/{name}: run build.py"


def test_packing_keeps_contents_and_depends_on_nothing_else(build):
    files = {"b.txt": b"two", "a/c.txt": b"one"}
    for name in ("x.zip", "x.tar.gz"):
        packed = build.packed(name, files)
        assert packed == build.packed(name, dict(reversed(files.items())))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert {entry.name: archive.extractfile(entry).read() for entry in archive} == files


def test_every_known_mistake_is_declared_and_every_declared_one_is_built(build):
    declared = tomllib.loads((SPECS / "samples" / "verdicts.toml").read_text("utf-8"))
    assert set(declared) == {f"wrong/{name}" for name in build.wrong()}


def test_a_change_that_fits_nowhere_is_no_sample(build):
    with pytest.raises(ValueError, match="not once"):
        build.replaced({"x": "one one"}, "x", "one", "two")


def test_blank_answers_hold_every_question_and_no_answer(build):
    sheet = Sheet.load(assignment.load("cs182_hw4"))
    blank = tomllib.loads(build.blank_answers())
    assert set(blank) == {question.key for question in sheet.questions}
    assert len(sheet.missing(blank)) == len(blank)
    assert sheet.problems(blank) == []


# ------------------------------------------------------------------ images


@pytest.mark.parametrize("mode", ["train", "valid"])
def test_kinds_are_those_that_were_drawn(mode):
    config = EdgeConfig(data_per_class=40, num_classes=5, class_type=edges.KINDS)
    drawn, labels = edge_images(config, mode, torch.Generator().manual_seed(1))
    found = edges.Images((drawn[:, 0] * 255).round().to(torch.uint8), labels)
    assert found.kinds() == [edges.KINDS[label] for label in labels.tolist()]
    assert found.per_class() == dict.fromkeys(range(5), 40)


@pytest.mark.parametrize(("mode", "first", "last"), [("train", 0, 13), ("valid", 14, 27)])
def test_places_and_permutation(mode, first, last):
    rng = torch.Generator().manual_seed(2)
    order, back = permutation(28 * 28, rng)
    config = EdgeConfig(
        data_per_class=200, possible_edge_location_ratio=0.5, use_permutation=True, permutater=order
    )
    drawn, labels = edge_images(config, mode, rng)
    mixed = edges.Images((drawn[:, 0] * 255).round().to(torch.uint8), labels)
    restored = mixed.put_back(torch.tensor(back))
    assert restored.places() == (first, last)
    assert [restored.shown_for(label) for label in range(3)] == [{"horizontal"}, {"vertical"}, {"none"}]
    assert mixed.shown_for(0) != {"horizontal"}


HALF = [torch.zeros(2, 784, dtype=torch.uint8), torch.tensor([0, 1])]


@pytest.mark.parametrize(
    "collected",
    [
        None,
        {},
        [],
        {10: None},
        {10: [HALF]},
        {10: [HALF, [torch.zeros(2, 783, dtype=torch.uint8), HALF[1]]]},
        {10: [HALF, [HALF[0].float(), HALF[1]]]},
        {10: [HALF, [1, 2]]},
    ],
)
def test_no_sweep(collected):
    with pytest.raises(AssertionError):
        edges.read_sweep(collected)


def test_a_sweep():
    found = edges.read_sweep({10: [HALF, HALF]})
    assert found.largest("valid").per_class() == {0: 1, 1: 1}


# ------------------------------------------------------------------ logs


@given(st.dictionaries(st.sampled_from(["batch_4.csv", "x/BS-16.CSV", "64.csv", "notes.txt"]), st.binary()))
def test_any_bytes_are_a_log_or_none(files):
    try:
        found = logs.read_logs(files)
    except NotImplementedYet:
        assert not any(name.lower().endswith(".csv") for name in files)
        return
    for log in found.values():
        for column in logs.COLUMNS:
            assert len(log.numbers(column)) == len(log.cells)
        assert log.peak is None or log.peak == log.peak


@given(st.lists(st.tuples(*[st.floats(0, 1e9, allow_nan=False)] * 5), min_size=1, max_size=20))
def test_numbers_come_back(rows):
    text = "\r\n".join([HEADER, *(",".join(f"{value:.6f}" for value in row) for row in rows)])
    log = logs.read_logs({"batch_64.csv": b"\xef\xbb\xbf" + text.encode()})[64]
    for place, column in enumerate(logs.COLUMNS):
        assert log.numbers(column) == pytest.approx([row[place] for row in rows], abs=1e-6)
    assert log.header == logs.COLUMNS
    assert not log.out_of_memory


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("batch_4.csv", 4),
        ("logs/resnet18-bs1024.csv", 1024),
        ("resnet18_16.csv", 16),
        ("64/log.csv", None),
        ("run12.csv", None),
    ],
)
def test_the_batch_size_is_in_the_name(name, size):
    assert logs.batch_size(name) == size


@pytest.mark.parametrize(
    "cell", ["OOM", "CUDA out of memory. Tried to allocate", "OutOfMemoryError", "out_of_memory"]
)
def test_out_of_memory(cell):
    log = logs.read_logs({"batch_4.csv": f"{HEADER}\n1,0,15000,{cell},\n".encode()})[4]
    assert (log.out_of_memory, log.cells, log.peak) == (True, (), None)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1500 MiB", 1500),
        ("12.5%", 12.5),
        ("3e2", 300),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("", None),
    ],
)
def test_numbers(text, number):
    assert logs.number(text) == number


def test_dates_and_seconds():
    assert logs.seconds("2026/11/20 21:04:31.250") - logs.seconds("2026-11-20T21:04:30") == pytest.approx(
        1.25
    )
    assert logs.seconds("1700000000.5") == 1700000000.5
    assert logs.seconds("yesterday") is None


# ------------------------------------------------------------------ settings

GOOD = {"num_filters": 16, "kernel_size": 5, "lr": 0.01, "epochs": 20, "batch_size": 10}


def test_good_settings():
    found = trainings.read_settings(GOOD | {"colour": "red"}, "X", trainings.CNN, 50)
    assert found == {
        "num_filters": 16,
        "kernel_size": 5,
        "learning_rate": 0.01,
        "epochs": 20,
        "batch_size": 10,
    }


@given(
    st.sampled_from(sorted(GOOD)),
    st.none() | st.text() | st.floats(allow_nan=True) | st.integers() | st.lists(st.integers(), max_size=3),
)
def test_settings_are_in_bounds_or_refused(key, value):
    try:
        found = trainings.read_settings(GOOD | {key: value}, "X", trainings.CNN, 50)
    except AssertionError:
        return
    assert found["epochs"] * (-(-150 // found["batch_size"])) <= trainings.MOST_STEPS
    assert 1 <= found["num_filters"] <= 32
    assert 1 <= found["kernel_size"] <= 9
    assert 0 < found["learning_rate"] <= 1


@pytest.mark.parametrize("hidden", [None, 50, [50], [50, 10, 3], [0, 10], [50, 1000], [50, "10"]])
def test_hidden_layers_are_two(hidden):
    given = {"hidden_dims": hidden, "learning_rate": 0.01, "epochs": 3, "batch_size": 10}
    with pytest.raises(AssertionError):
        trainings.read_settings(given, "X", trainings.MLP, 10)


def test_the_first_run_that_reaches_the_bar_settles_it():
    accuracies = iter([0.5, 0.9, 0.1])
    found = trainings.best((trainings.Run(value, []) for value in accuracies), 0.8)
    assert found.accuracy == 0.9
    assert next(accuracies) == 0.1, "the third run was made for nothing"


@pytest.mark.parametrize(
    ("runs", "others", "found"),
    [
        ([0.9, 0.5, 0.5, 1.0], [0.6, 0.7, 0.6, 1.0], (0.9, 0.7)),  # settled after three
        ([0.5, 0.5, 0.5, 0.9, 1.0], [0.6, 0.7, 0.6, 0.8, 0.1], (0.9, 0.8)),  # after four
        ([0.5, 0.5, 0.5, 0.6, 0.6], [0.6, 0.7, 0.6, 0.8, 0.1], (0.6, 0.8)),  # never
    ],
)
def test_the_best_runs_of_two_networks_are_compared(runs, others, found):
    iterators = [iter([trainings.Run(value, []) for value in values]) for values in (runs, others)]
    first, second = trainings.better(*iterators)
    assert (first.accuracy, second.accuracy) == found
