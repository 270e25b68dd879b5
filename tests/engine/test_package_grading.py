"""Whole gradings of archives: names, given files, rules by file, and programs in real sandboxes."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from grader.engine import Engine
from grader.errors import InfrastructureError
from grader.sandbox.local.backend import LocalBackend
from grader.scoring.model import Score, TestStatus

TOML = """
name = "lab"
title = "Lab"
allow_negative = true

[code]
files = ["nets/networks.py"]

[package]
name = '[a-z]+_[a-z]+_lab\\.tar\\.gz'
example = "[firstname]_[lastname]_lab.tar.gz"
name_points = 1
folder_points = 1
given = "given"

[[package.required]]
path = "ReadMe*"
points = 0.5

[[rules]]
id = "no-nn"
kind = "forbid-imports"
names = ["torch.nn"]
files = ["nets/networks.py"]

[limits]
processes = 16
tmp_files = 500
memory_mib = 700
wall_seconds = 40

[deadlines]
call_seconds = 20
"""
SPEC = """
from grader.spec import points

@points(1)
def test_training(fresh_submission):
    '''The course's train.py runs with your networks.'''
    result = fresh_submission.run_program("train.py", ["./data", "-e", "3"], files={"data/x.txt": b"5"})
    assert result.exit_code == 0, f"It ended with {result.exit_code}."
    assert dict(result.files) == {"curve.csv": 5}, f"It wrote {result.files}."
    assert fresh_submission.read_file("curve.csv") == b"5,3,7"

@points(1)
def test_curves(fresh_submission):
    '''curves.py writes curves.csv.'''
    fresh_submission.run_program("curves.py", seconds=8)
    assert fresh_submission.read_file("curves.csv", 100)

@points(1)
def test_net(submission):
    '''net() is 7.'''
    assert submission.solution.net() == 7
"""
TRAIN = """
import sys
from nets.networks import net
import matplotlib
matplotlib.use("TkAgg")
import matplotlib.pyplot as plt
plt.plot([1]); plt.show()
data = open(sys.argv[1] + "/x.txt").read()
open("curve.csv", "w").write(f"{data},{sys.argv[3]},{net()}")
"""
STEM = "ada_lovelace_lab"
RIGHT = {
    "ReadMe": "python train.py ./data -e 3",
    "nets/__init__.py": "",
    "nets/networks.py": "def net():\n    return 7\n",
    "curves.py": "from nets.networks import net\nopen('curves.csv', 'w').write(str(net()))\n",
    "train.py": "raise SystemExit('my own, which nobody runs')\n",
}


@pytest.fixture(scope="module")
def engine_of_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    from machine import unavailable

    root = tmp_path_factory.mktemp("course")
    folder, reference = root / "test_specs" / "lab", root / "reference" / "lab"
    write(folder, {"assignment.toml": TOML, "test_lab.py": SPEC, "given/train.py": TRAIN, "template.py": ""})
    (folder.parent / "pytest.ini").write_text("[pytest]\n")
    write(reference, {**RIGHT, "solution.py": RIGHT["nets/networks.py"]})
    try:
        with (
            LocalBackend(masked=(tmp_path_factory.getbasetemp(),)) as backend,
            Engine(root, backend) as engine,
        ):
            engine.prepare("lab")
            yield engine
    except InfrastructureError as error:
        unavailable(f"no sandbox here: {error}")


def write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


Grade = Callable[..., Score]


@pytest.fixture
def grade(engine_of_lab: Engine, tmp_path: Path) -> Grade:
    """grade(changed files, name, folder inside): what an archive scores."""

    def run(changed: Mapping[str, str] = {}, name: str = f"{STEM}.tar.gz", top: str = STEM) -> Score:
        path = tmp_path / name
        with tarfile.open(path, "w:gz") as archive:
            for file, text in (RIGHT | dict(changed)).items():
                data = dedent(text).encode()
                info = tarfile.TarInfo(f"{top}/{file}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return engine_of_lab.grade("lab", path, seed=1)

    return run


def statuses(score: Score) -> list[TestStatus]:
    return [test.status for test in score.tests]


PASSED = [TestStatus.PASSED] * 3


def test_the_right_archive_earns_everything(grade):
    score = grade()
    assert [(test.id, test.hints) for test in score.tests if test.status is not TestStatus.PASSED] == []
    assert (score.score, score.max_score, score.rules) == (3, 3, ())
    assert any(f"`{STEM}/train.py`" in note for note in score.notes)


def test_names_and_paths_cost_what_they_cost(grade):
    score = grade({}, f"{STEM} (1).tar.gz")
    assert [(rule.id, rule.points) for rule in score.rules] == [("package-name", 1)]
    assert (score.score, statuses(score)) == (2, PASSED)


def test_rules_are_about_their_files_and_not_about_given_ones(grade):
    score = grade({"curves.py": "import torch.nn\nopen('curves.csv', 'w').write('1')\n"})
    assert (score.score, score.rules) == (3, ())
    broken = grade({"nets/networks.py": "import torch.nn\ndef net(): return 7\n"})
    assert [(rule.id, rule.file, rule.line) for rule in broken.rules] == [
        ("no-nn", f"{STEM}/nets/networks.py", 1)
    ]


@pytest.mark.parametrize(
    ("program", "status"),
    [
        ("while True: pass", TestStatus.TIMEOUT),
        ("import os\nos._exit(0)", TestStatus.KILLED),
        ("print('x' * 10**8)", TestStatus.KILLED),
        ("x = bytearray(2**30)", TestStatus.MEMORY),
        ("import os\nwhile True: os.fork()", TestStatus.ERROR),
        ("import os\nwhile True:\n  if not os.fork():\n    while True: pass", TestStatus.ERROR),
        ("for n in range(10**6): open(f'f{n}', 'w').close()", TestStatus.ERROR),
        ("import os\nos.execv('/bin/sh', ['sh'])", TestStatus.ERROR),
        ("import subprocess\nsubprocess.run(['ls'])", TestStatus.ERROR),
        ("import os\nos.symlink('/etc/passwd', 'curves.csv')", TestStatus.NOT_IMPLEMENTED),
        ("import os\nos.mkfifo('curves.csv')", TestStatus.ERROR),
        ("open('curves.csv', 'wb').write(b'x' * 101)", TestStatus.NOT_IMPLEMENTED),
        ("import os, shutil\nshutil.rmtree(os.getcwd())", TestStatus.NOT_IMPLEMENTED),
        ("raise SystemExit('no data')", TestStatus.NOT_IMPLEMENTED),
        ("this is prose", TestStatus.ERROR),
    ],
)
def test_a_hostile_program_costs_its_own_test(grade, program, status):
    score = grade({"curves.py": program + "\n"})
    by_id = {test.id.rpartition("::")[2]: test for test in score.tests}
    assert by_id["test_curves"].status is status, by_id["test_curves"].hints
    assert by_id["test_training"].status is by_id["test_net"].status is TestStatus.PASSED
