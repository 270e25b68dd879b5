"""A grading in two stages is the grading in one."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from grader.engine import Engine
from grader.errors import InfrastructureError
from grader.sandbox.local.backend import LocalBackend
from grader.scoring.merge import merge, missed
from grader.scoring.model import TestStatus, without_times

SPEC = """
from grader.spec import close, points, requires, slow

@points(1)
def test_double(submission):
    '''double doubles.'''
    assert submission.solution.double(3) == close(6)

@slow
@points(2)
@requires("test_double")
def test_twice(submission):
    '''double of double.'''
    assert submission.solution.double(submission.solution.double(1)) is not None

@slow
@points(2)
def test_alone(submission):
    '''double gives something.'''
    assert submission.solution.double(1) is not None
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder, reference = tmp_path / "test_specs" / "lab", tmp_path / "reference" / "lab"
    folder.mkdir(parents=True)
    reference.mkdir(parents=True)
    (folder.parent / "pytest.ini").write_text("[pytest]\n")
    (folder / "assignment.toml").write_text('name = "lab"\ntitle = "Lab"')
    (folder / "test_lab.py").write_text(textwrap.dedent(SPEC))
    (reference / "solution.py").write_text("def double(x):\n    return 2 * x\n")
    return tmp_path


def test_two_stages_are_one_grading_and_specs_may_change(engine: Engine, course: Path):
    path = course / "solution.py"
    with LocalBackend(masked=(course,)) as backend, Engine(course, backend) as mine:
        for source in ("def double(x):\n    return 2 * x\n", "def double(x):\n    return 3 * x\n"):
            path.write_text(source)
            whole = mine.grade("lab", path, seed=1)
            quick = mine.grade("lab", path, seed=1, stage="quick")
            slow = mine.grade("lab", path, seed=1, stage="slow", missed=missed(quick))
            assert without_times(merge(quick, slow)) == without_times(whole)
        assert [test.status for test in whole.tests] == [
            TestStatus.FAILED,
            TestStatus.SKIPPED,
            TestStatus.PASSED,
        ]
        assert "double doubles." in slow.tests[0].output + "".join(slow.tests[0].hints)

        assert mine.is_alive
        spec = course / "test_specs" / "lab" / "test_lab.py"
        spec.write_text(spec.read_text().replace("points(1)", "points(4)"))
        mine.forget("lab")
        mine.forget("lab")
        assert mine.grade("lab", path, seed=1, stage="quick").max_score == 4


def test_a_grading_that_is_stuck_ends(engine: Engine, course: Path):
    path = course / "solution.py"
    path.write_text("import time\ndef double(x):\n    time.sleep(9)\n")
    with LocalBackend(masked=(course,)) as backend, Engine(course, backend) as mine:
        mine.prepare("lab")
        with pytest.raises(InfrastructureError):
            mine.grade("lab", path, seed=1, seconds=1)
        path.write_text("def double(x):\n    return 2 * x\n")
        assert mine.grade("lab", path, seed=1).score == 5
