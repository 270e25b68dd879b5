"""An author's mistakes are reported as the author's, and never become anybody's score."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader import check
from grader.assignment import load
from grader.engine import Engine
from grader.errors import SpecError
from grader.sandbox.local.backend import LocalBackend
from grader.scoring.model import TestStatus

SPEC = """
from grader.spec import close, points, visibility

@points(2)
@visibility("visible")
def test_double(submission):
    '''double doubles.'''
    assert submission.solution.double(3) == close(6)
"""
SOLUTION = "def double(x):\n    return 2 * x\n"


@pytest.fixture(scope="module")
def backend(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBackend]:
    with LocalBackend(masked=(tmp_path_factory.getbasetemp(),)) as made:
        yield made


@pytest.fixture
def course(tmp_path: Path) -> Callable[..., Path]:
    """Writes a course of one assignment, `lab`, and returns its root."""

    def write(spec: str = SPEC, toml: str = 'name = "lab"\ntitle = "Lab"', solution: str = SOLUTION) -> Path:
        folder, reference = tmp_path / "test_specs" / "lab", tmp_path / "reference" / "lab"
        folder.mkdir(parents=True)
        reference.mkdir(parents=True)
        (folder.parent / "pytest.ini").write_text("[pytest]\n")
        (folder / "assignment.toml").write_text(toml)
        (folder / "test_lab.py").write_text(textwrap.dedent(spec))
        (folder / "template.py").write_text("def double(x):\n    raise NotImplementedError\n")
        (reference / "solution.py").write_text(solution)
        return tmp_path

    return write


def grade(backend: LocalBackend, root: Path, source: str = SOLUTION):
    path = root / "solution.py"
    path.write_text(source)
    with Engine(root, backend) as engine:
        return engine.grade("lab", path, seed=1)


def test_a_small_course_works(backend, course):
    score = grade(backend, course())
    assert (score.score, score.max_score) == (2, 2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"toml": 'name = "lab"\ntitle = "Lab"\n[code]\nentri = "x"'}, "entri"),
        ({"toml": "name ="}, "not valid TOML"),
        ({"spec": "import no_such_module\n"}, "no_such_module"),
        ({"spec": "x = 1\n"}, "no tests"),
        ({"spec": SPEC.replace('"visible"', '"sometimes"')}, "sometimes"),
        (
            {"spec": SPEC.replace("@points(2)", "@requires('test_nothing')").replace("points,", "requires,")},
            "test_nothing",
        ),
        ({"solution": "def double(x):\n    return x\n"}, "does not pass"),
        ({"solution": "raise RuntimeError('oops')\n"}, "oops"),
    ],
)
def test_mistakes_found_before_anybody_is_graded(backend, course, changes, words):
    with pytest.raises(SpecError, match=words):
        grade(backend, course(**changes))


def test_mistake_found_while_grading_gives_no_score(backend, course):
    spec = SPEC.replace("submission):", "submission, grading):").replace(
        "assert sub", "assert {0: 1}[grading.seed]\n    assert sub"
    )
    score = grade(backend, course(spec=spec))
    assert score.score is None
    assert [test.status for test in score.tests] == [TestStatus.SPEC_ERROR]
    assert "KeyError" in score.tests[0].output


def test_spec_that_trips_over_what_the_student_returned_is_the_students_loss(backend, course):
    spec = SPEC.replace(
        "assert sub", "_a, _b = submission.solution.double(3), None\n    assert _a + 0 == 6\n    assert sub"
    )
    score = grade(backend, course(spec=spec), "def double(x):\n    return 'six'\n")
    assert (score.score, score.tests[0].status) == (0, TestStatus.FAILED)


def test_check_names_every_sample_that_is_not_as_declared(backend, course):
    root = course()
    samples = root / "test_specs" / "lab" / "samples"
    for kind in ("right", "wrong"):
        (samples / kind).mkdir(parents=True)
    (samples / "right" / "half.py").write_text("def double(x):\n    return x\n")
    (samples / "wrong" / "triple.py").write_text("def double(x):\n    return 3 * x\n")
    verdicts = samples / "verdicts.toml"
    verdicts.write_text('["wrong/triple.py"]\nmistake = "triples"\ntests = { test_double = "error" }\n')
    with Engine(root, backend) as engine:
        found = {
            case.label: check.problems(case, engine.grade("lab", case.path, seed=0))
            for case in check.cases(load("lab", root))
        }
    assert found["reference"] == found["template"] == []
    assert "0 of 2 points" in found["right/half.py"][0]
    assert "declared error" in found["wrong/triple.py"][0]
    verdicts.write_text("")
    with pytest.raises(SpecError, match=r"triple\.py is not declared"):
        check.cases(load("lab", root))
