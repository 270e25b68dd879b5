"""Whole gradings of notebooks and of submissions with several modules, in real sandboxes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.engine import Engine
from grader.sandbox.local.backend import LocalBackend
from grader.scoring.model import Score, TestStatus

TOML = """
name = "lab"
title = "Lab"

[code]
entry = "filters"
files = ["filters.ipynb"]
required_names = ["blur"]
salvage_penalty = 0.5

[[modules]]
name = "edges"
files = ["edges.ipynb"]
required_names = ["find"]

[[modules]]
name = "tools"
files = ["tools.py"]
fallback = "given/tools.py"

[[rules]]
id = "no-numpy"
kind = "forbid-imports"
names = ["numpy"]
message = "Write it yourself."
points = 1

[limits]
processes = 16
tmp_files = 500
memory_mib = 700
"""
SPEC = """
from grader.spec import points, visibility

@points(2)
@visibility("visible")
def test_blur(submission):
    '''blur halves.'''
    assert submission.filters.blur(6) == 3

@points(2)
@visibility("visible")
def test_find(submission):
    '''find adds one.'''
    assert submission.edges.find(6) == 7

@points(2)
@visibility("visible")
def test_size(submission):
    '''size is three.'''
    assert submission.tools.size() == 3
"""
FILTERS = [
    "%matplotlib inline\n!pip install scipy\nfrom google.colab import drive\ndrive.mount('/content')",
    "import tools\n\ndef blur(x):\n    return x / 2",
    "image = open('cat.png')\nfor epoch in range(10**9):\n    pass",
]
EDGES = ["def find(x):\n    return x + 1", "def broken(:"]
TOOLS = "def size(): return 3\n"


def notebook(cells: list[str]) -> str:
    made = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})


RIGHT = {"hw/filters.ipynb": notebook(FILTERS), "hw/edges.ipynb": notebook(EDGES), "hw/tools.py": TOOLS}


@pytest.fixture(scope="module")
def backend(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBackend]:
    with LocalBackend(masked=(tmp_path_factory.getbasetemp(),)) as made:
        yield made


Grade = Callable[[dict[str, str]], Score]


@pytest.fixture(scope="module")
def grade(backend: LocalBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grade]:
    """Grades an archive of these files."""
    root = tmp_path_factory.mktemp("course")
    folder, reference = root / "test_specs" / "lab", root / "reference" / "lab"
    for path, text in {
        folder.parent / "pytest.ini": "[pytest]\n",
        folder / "assignment.toml": TOML,
        folder / "test_lab.py": SPEC,
        folder / "given" / "tools.py": "def size(): return 30\n",
        reference / "filters.py": "def blur(x): return x / 2\n",
        reference / "edges.py": "def find(x): return x + 1\n",
        reference / "tools.py": TOOLS,
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with Engine(root, backend) as engine:
        yield lambda files: engine.grade("lab", packed(root / "hw.zip", files), seed=1)


def packed(path: Path, files: dict[str, str]) -> Path:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    path.write_bytes(buffer.getvalue())
    return path


def points(score: Score) -> dict[str, float]:
    return {test.id.partition("::test_")[2]: test.score for test in score.tests}


def hints(score: Score, name: str) -> str:
    return "\n".join(*(test.hints for test in score.tests if test.id.endswith(f"test_{name}")))


def test_notebooks_earn_everything_and_notes_say_what_was_not_run(grade):
    score = grade(RIGHT)
    assert (score.score, score.salvage_penalty, score.rules) == (6, 0, ())
    assert score.imported
    notes = "\n".join(score.notes)
    for words in (
        "`hw/filters.ipynb`: not run: magics, shell lines and help (cell 1, lines 1-2).",
        "`hw/filters.ipynb`: not run: mounts and other things of Colab (cell 1, lines 3-4).",
        "`hw/filters.ipynb`, cell 3, line 1 was skipped, because FileNotFoundError",
        "`hw/edges.ipynb`, cell 2, line 1: invalid syntax: `def broken(:`. This cell is lost",
    ):
        assert words in notes
    assert "could not be imported" not in notes


def test_an_error_names_the_cell(grade):
    score = grade(
        {**RIGHT, "hw/edges.ipynb": notebook(["x = 0", "def find(x):\n    y = 1\n    return y / 0"])}
    )
    assert points(score) == {"blur": 2, "find": 0, "size": 2}
    assert "hw/edges.ipynb, cell 2, line 3, in find: return y / 0" in hints(score, "find")


def test_a_broken_rule_names_the_cell(grade):
    score = grade({**RIGHT, "hw/filters.ipynb": notebook([FILTERS[1], "x = 1\nimport numpy as np"])})
    (rule,) = score.rules
    assert (rule.file, rule.line, rule.text) == ("hw/filters.ipynb, cell 2", 2, "import numpy as np")
    assert score.score == 5


@pytest.mark.parametrize(
    ("files", "lost", "words"),
    [
        ({"hw/edges.ipynb": "{"}, "find", "`hw/edges.ipynb`, line 1: Expecting property name"),
        ({"hw/edges.ipynb": ""}, "find", "`hw/edges.ipynb` is empty"),
        ({"hw/tools.py": "prose\nis no code\n"}, "size", "SyntaxError: hw/tools.py, line 2: invalid syntax"),
        ({"hw/filters.ipynb": notebook(["def blur(x):\n    return missing"])}, "blur", "cell 1, line 2"),
        (
            {"hw/filters.ipynb": notebook(["def sharpen(x): pass"])},
            "blur",
            "filters.ipynb does not define `blur`",
        ),
    ],
)
def test_damage_costs_the_tests_of_that_module(grade, files, lost, words):
    score = grade({**RIGHT, **files})
    assert {name for name, earned in points(score).items() if not earned} == {lost}
    assert words in hints(score, lost)


def test_one_that_is_missing_is_named(grade):
    score = grade({path: text for path, text in RIGHT.items() if "edges" not in path})
    assert points(score) == {"blur": 2, "find": 0, "size": 2}
    assert "`edges.ipynb` was not handed in." in hints(score, "find")
    (find,) = (test for test in score.tests if test.id.endswith("test_find"))
    assert find.status is TestStatus.NOT_IMPLEMENTED


def test_an_entry_that_ends_the_process_leaves_the_others(grade):
    score = grade({**RIGHT, "hw/filters.ipynb": notebook(["import os\nx = os._exit(3)"])})
    assert points(score) == {"blur": 0, "find": 2, "size": 2}
    assert any(note.startswith("`hw/filters.ipynb` could not be imported") for note in score.notes)
