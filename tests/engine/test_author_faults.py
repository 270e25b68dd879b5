"""An author's mistakes are reported as the author's, and never become anybody's score."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader import check
from grader.assignment import load
from grader.engine import Engine
from grader.errors import InfrastructureError, SpecError
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
    names = frozenset({"test_double"})
    with Engine(root, backend) as engine:
        found = {
            case.label: check.problems(case, engine.grade("lab", case.path, seed=0), names)
            for case in check.cases(load("lab", root))
        }
    assert found["reference"] == found["template"] == []
    assert "0 of 2 points" in found["right/half.py"][0]
    assert "declared error" in found["wrong/triple.py"][0]
    verdicts.write_text("")
    with pytest.raises(SpecError, match=r"triple\.py is not declared"):
        check.cases(load("lab", root))


def test_typo_in_a_part_is_found(backend, course):
    toml = 'name = "lab"\ntitle = "Lab"\n[[parts]]\nname = "doubling"\n'
    spec = SPEC.replace("@points(2)", "@points(2)\n@part('dubling')").replace("points,", "part, points,")
    with pytest.raises(SpecError, match="dubling"):
        grade(backend, course(spec=spec, toml=toml))


def test_limit_that_cannot_be_enforced_is_our_fault_not_the_authors(backend, course):
    with pytest.raises(InfrastructureError, match=r"GPU.*Remedy"):
        grade(backend, course(toml='name = "lab"\ntitle = "Lab"\n[limits]\ngpus = 1\n'))


def test_one_slow_limit_keeps_the_others(course):
    config = load("lab", course(toml='name = "lab"\ntitle = "Lab"\n[slow_limits]\nmemory_mib = 512\n')).config
    assert config.slow_limits.limits().memory_bytes == 512 * 2**20
    assert config.slow_limits.limits().cpu_seconds == 240


PROPERTY = """
from hypothesis import given, strategies as st
from grader.spec import close, points
import torch

SEEN = []

@points(1)
@given(x=st.integers(-1000, 1000))
def test_double(submission, x):
    SEEN.append(x)
    assert submission.solution.double(x) == close(2 * x)

def test_what_was_drawn(submission, rng):
    drawn = [*SEEN, torch.randint(10**9, (3,), generator=rng).tolist()]
    assert submission.solution.double(1) == 2, str(drawn)
"""


def test_property_tests_draw_from_the_recorded_seed(backend, course):
    root = course(spec=PROPERTY)
    wrong = root / "solution.py"
    wrong.write_text("def double(x):\n    return 2 * x if x != 1 else 3\n")
    with Engine(root, backend) as engine:
        drawn = [engine.grade("lab", wrong, seed=seed).tests[1].hints[0] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_sandbox_is_not_told_the_seed_of_the_hidden_inputs(backend, course):
    spec = """
    import torch
    from grader.spec import points

    @points(1)
    def test_seed(submission, grading):
        told = submission.solution.told()
        assert told != grading.seed and told != grading.test_seed("test_lab.py::test_seed")
    """
    solution = "import torch\n\ndef told():\n    return torch.initial_seed()\n"
    root = course(spec=spec, solution=solution)
    score = grade(backend, root, solution)
    assert score.score == 1
