"""`tensorgrade new`: what it makes is a working assignment. A copy of the grader works on it."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from grader.assignment import load
from grader.cli_new import make
from grader.errors import UsageError

REPOSITORY = Path(__file__).parents[2]


def run(root: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader.cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=240)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(REPOSITORY / "grader", folder / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "test_specs").mkdir()
    shutil.copy(REPOSITORY / "test_specs" / "pytest.ini", folder / "test_specs")
    made = run(folder, "new", "attention_lab")
    assert made.returncode == 0, made.stderr
    assert (folder / "test_specs" / "attention_lab" / "assignment.toml").exists(), made.stdout
    return folder


@pytest.mark.usefixtures("engine")
def test_its_check_is_clean(root):
    done = run(root, "check", "attention_lab")
    assert done.returncode == 0, done.stdout
    assert "attention_lab: 8 of 8 as declared" in done.stdout
    assert "ok    template                                                 0/8" in done.stdout


@pytest.mark.usefixtures("engine")
def test_its_training_has_a_curve_in_the_score_that_students_see(root):
    done = run(root, "grade", "attention_lab", root / "reference" / "attention_lab", "--json", "--student")
    tests = {test["id"].rpartition("::")[2]: test for test in json.loads(done.stdout)["tests"]}
    (series,) = tests["test_learns"]["series"]
    assert tests["test_learns"]["visibility"] == "hidden"
    assert (series["title"], series["x_label"], len(series["x"])) == ("Training loss", "step", 50)
    assert series["y"][-1] < series["y"][0]
    assert all(test["series"] == [] for name, test in tests.items() if name != "test_learns")


def test_a_name_is_taken_only_once_and_says_where(root):
    done = run(root, "new", "attention_lab")
    assert done.returncode == 2
    assert str(root / "test_specs" / "attention_lab") in done.stderr


def test_help_has_examples(root):
    assert "tensorgrade new softmax_lab" in run(root, "new", "--help").stdout


@pytest.mark.parametrize(
    "name", ["", "a", "Lab", "lab-1", "../lab", "1lab", "lab/x", "a" * 41, "lab\n", "datasets"]
)
def test_names_that_cannot_be_folders_are_refused(tmp_path, name):
    with pytest.raises(UsageError, match=r"cannot be a name|choose another name"):
        make(name, "Title", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "title", ['Lab "2"', "a\\b", "{{name}}", "a\nb", "''' x", "\ud800", "Übung 3: Faltung", ""]
)
def test_any_title_makes_files_that_can_be_read(tmp_path, title):
    for path in make("lab_1", title, tmp_path):
        text = path.read_text("utf-8")
        if path.suffix == ".py":
            ast.parse(text)
        if path.suffix == ".toml":
            tomllib.loads(text)
        assert path.suffix != ".txt"
    assert load("lab_1", tmp_path).config.title


def test_what_cannot_be_written_is_named(tmp_path):
    (tmp_path / "test_specs").write_text("a file")
    with pytest.raises(UsageError, match="test_specs"):
        make("lab_1", "Title", tmp_path)
