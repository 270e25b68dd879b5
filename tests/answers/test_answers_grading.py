"""Written answers in a grading: points, deductions, stages, and the author's check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from answer_builders import ASSIGNMENT, write_course

from grader import check
from grader.assignment import load
from grader.engine import Engine
from grader.errors import SpecError
from grader.sandbox.local.backend import LocalBackend
from grader.scoring.merge import merge
from grader.scoring.model import TestStatus
from grader.scoring.views import student_view

QUESTIONS = """
[[questions]]
key = "count"
text = "How many?"
points = 2
part = "written"
kind = "integer"

[[questions]]
key = "formula"
text = "Which size?"
points = 1
kind = "expression"
variables = ["x"]

[[questions]]
key = "why"
text = "Why?"
points = 5
kind = "text"

[[questions]]
key = "honest"
text = "Yours?"
kind = "honesty"
options = { a = "mine", b = "copied" }
costly = ["b"]
penalty = 1000
message = "You declared that you copied."
"""
RIGHT = 'count = 100\nformula = "x"\nwhy = "because"\nhonest = "a"\n'
WRONG = '# mine\ncount = "99"\nformula = "x*exp(10^5*x)/exp(10^5*x)"\nwhy = ""\nhonest = "b"\n'
SPEC = """
from grader.spec import points, slow

@points(3)
def test_one(submission):
    assert submission.solution.one() == 1

@slow
@points(1)
def test_two(submission):
    assert submission.solution.one() == 1
"""


@pytest.fixture(scope="module")
def backend(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBackend]:
    with LocalBackend(masked=(tmp_path_factory.getbasetemp(),)) as made:
        yield made


def add_code(root: Path) -> None:
    """Give the course a test of code too."""
    folder, reference = root / "test_specs" / "lab", root / "reference" / "lab"
    (folder / "test_lab.py").write_text(SPEC)
    (folder / "template.py").write_text("def one():\n    raise NotImplementedError\n")
    (reference / "solution.py").write_text("def one():\n    return 1\n")
    (folder / "assignment.toml").write_text(ASSIGNMENT.partition("[code]")[0])


def by_key(score):
    return {test.id.removeprefix("answers::"): test for test in score.tests}


def test_answers_alone(backend, tmp_path):
    write_course(tmp_path, QUESTIONS, RIGHT)
    wrong = tmp_path / "answers (1).toml"
    wrong.write_text(WRONG)
    with Engine(tmp_path, backend) as engine:
        ready = engine.prepare("lab")
        reference = engine.grade("lab", tmp_path / "reference" / "lab", seed=1)
        seen = []
        score = engine.grade("lab", wrong, seed=1, on_start=seen.append, on_test=seen.append)
    assert (ready.max_score, ready.tests[0]) == (3, "answers::count")
    assert (reference.score, reference.max_score, reference.rules) == (3, 3, ())
    assert (score.score, score.max_score) == (1 - 1000, 3)
    results = by_key(score)
    assert {key: result.status for key, result in results.items()} == {
        "count": TestStatus.FAILED,
        "formula": TestStatus.PASSED,  # sympy's last word, in a confined process
        "why": TestStatus.NOT_IMPLEMENTED,
        "honest": TestStatus.FAILED,
    }
    rule = score.rules[0]
    assert (rule.id, rule.file, rule.line, rule.text) == ("honest", "answers.toml", 5, 'honest = "b"')
    assert seen == [4, *score.tests]
    assert "Right" not in student_view(score).to_json()
    assert score.parts[0].name == "written"


def test_beside_code_and_in_stages(backend, tmp_path):
    write_course(tmp_path, QUESTIONS, RIGHT)
    add_code(tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    (work / "solution.py").write_text("def one():\n    return 1\n")
    (work / "answers.toml").write_text(RIGHT)
    broken = tmp_path / "solution.py"
    broken.write_text("def one():\n    return 1\n")
    with Engine(tmp_path, backend) as engine:
        quick, slow, both = (
            engine.grade("lab", work, seed=1, stage=stage) for stage in ("quick", "slow", "all")
        )
        no_answers = engine.grade("lab", broken, seed=1)
    assert (quick.score, quick.max_score) == (6, 6)
    assert (slow.score, slow.max_score) == (1, 1)
    assert (both.score, both.max_score) == (7, 7)
    merged = merge(quick, slow)
    assert (merged.score, merged.max_score) == (both.score, both.max_score)
    assert {test.id for test in merged.tests} == {test.id for test in both.tests}
    assert (no_answers.score, no_answers.max_score) == (4, 7)
    assert {test.status for test in no_answers.tests if test.id.startswith("answers::")} == {
        TestStatus.NOT_IMPLEMENTED
    }


def test_the_authors_check_counts_answers(backend, tmp_path):
    write_course(tmp_path, QUESTIONS, RIGHT)
    add_code(tmp_path)
    samples = tmp_path / "test_specs" / "lab" / "samples"
    for kind, answers in (("right", RIGHT), ("wrong", WRONG)):
        (samples / kind).mkdir(parents=True)
        (samples / kind / "one.py").write_text("def one():\n    return 1\n")
        (samples / kind / "answers.toml").write_text(answers)
    (samples / "wrong" / "folder").mkdir()
    (samples / "wrong" / "folder" / "solution.py").write_text("def one():\n    return 1\n")
    verdicts = samples / "verdicts.toml"
    verdicts.write_text(
        '["wrong/one.py"]\nmistake = "counts wrongly"\nrules = ["honest"]\n'
        'tests = { count = "failed", why = "not_implemented", honest = "failed" }\n'
        '["wrong/folder"]\nmistake = "no answers"\nunanswered = true\n'
    )
    with Engine(tmp_path, backend) as engine:
        ready = engine.prepare("lab")
        names = frozenset(name for test in ready.tests for name in check.call_names(test))
        scores = {
            case.label: engine.grade("lab", case.path, seed=0) for case in check.cases(load("lab", tmp_path))
        }
    assert set(scores) == {"reference", "template", "right/one.py", "wrong/one.py", "wrong/folder"}
    for case in check.cases(load("lab", tmp_path)):
        assert check.problems(case, scores[case.label], names) == []
    verdicts.write_text(verdicts.read_text().replace('count = "failed"', 'honest2 = "failed"'))
    case = next(one for one in check.cases(load("lab", tmp_path)) if one.label == "wrong/one.py")
    found = " ".join(check.problems(case, scores["wrong/one.py"], names))
    assert "answers::count" in found
    assert "honest2, which is not a test" in found


def test_the_authors_check_of_the_slow_stage_asks_for_no_declarations(backend, tmp_path):
    write_course(tmp_path, QUESTIONS, RIGHT)
    add_code(tmp_path)
    config = tmp_path / "test_specs" / "lab" / "assignment.toml"
    config.write_text(
        f'{config.read_text()}[[rules]]\nid = "no-os"\nkind = "forbid-imports"\nnames = ["os"]\n'
    )
    sample = tmp_path / "test_specs" / "lab" / "samples" / "wrong" / "one"
    sample.mkdir(parents=True)
    (sample / "solution.py").write_text("import os\ndef one():\n    return 1\n")
    (sample / "answers.toml").write_text(RIGHT.replace('"a"', '"b"'))
    verdicts = sample.parents[1] / "verdicts.toml"
    declared = '["wrong/one"]\nmistake = "copied"\nrules = {}\ntests = {{ honest = "failed" }}\n'
    verdicts.write_text(declared.format('["honest", "no-os"]'))
    with Engine(tmp_path, backend) as engine:
        ready = engine.prepare("lab")
        scores = [engine.grade("lab", sample, seed=0, stage=stage) for stage in ("quick", "slow", "all")]
    names = frozenset(name for test in ready.tests for name in check.call_names(test))

    def found():
        case = next(one for one in check.cases(load("lab", tmp_path)) if one.label == "wrong/one")
        return [check.problems(case, score, names) for score in scores]

    assert found() == [[], [], []]
    verdicts.write_text(declared.format('["honest"]'))
    assert all("rules broken" in " ".join(lines) for lines in found())
    verdicts.write_text(declared.format('["no-os"]'))
    assert [bool(lines) for lines in found()] == [True, False, True]


def test_the_authors_check_sees_points_behind_deductions(backend, tmp_path):
    """A blank template may have less than 0 points, but no test of it any."""
    cheap = "penalty = 1000\n"
    write_course(tmp_path, QUESTIONS.replace(cheap, f"{cheap}missing_penalty = 1000\n"), RIGHT)
    add_code(tmp_path)
    folder = tmp_path / "test_specs" / "lab"
    (folder / "template").mkdir()
    (folder / "template.py").rename(folder / "template" / "solution.py")
    answers = folder / "template" / "answers.toml"
    with Engine(tmp_path, backend) as engine:
        for text, earned in (("", 0), ("count = 100\n", 2)):
            answers.write_text(text)
            case = next(one for one in check.cases(load("lab", tmp_path)) if one.label == "template")
            score = engine.grade("lab", case.path, seed=0)
            assert score.score == earned - 1000
            found = check.problems(case, score, frozenset())
            assert [line.partition(" ")[0] for line in found] == (["2", "answers::count:"] if earned else [])


def test_salvaged_code_costs_answers_nothing(backend, tmp_path):
    write_course(tmp_path, QUESTIONS, RIGHT)
    add_code(tmp_path)
    config = tmp_path / "test_specs" / "lab" / "assignment.toml"
    config.write_text(f"{config.read_text()}[code]\nsalvage_penalty = 0.5\n")
    work = tmp_path / "work"
    work.mkdir()
    (work / "solution.py").write_text("import nowhere\ndef one():\n    return 1\n")
    (work / "answers.toml").write_text(RIGHT)
    with Engine(tmp_path, backend) as engine:
        quick, slow, both = (
            engine.grade("lab", work, seed=1, stage=stage) for stage in ("quick", "slow", "all")
        )
    assert both.salvage_penalty == 0.5
    assert (quick.score, slow.score, both.score) == (3 / 2 + 3, 1 / 2, 4 / 2 + 3)
    assert merge(quick, slow).score == both.score


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('part = "written"', 'part = "writen"', "the question count names the part 'writen'"),
        ('kind = "integer"', 'kind = "integral"', "count"),
    ],
)
def test_the_authors_mistakes_stop_the_grading(backend, tmp_path, before, after, words):
    parts = ASSIGNMENT.replace("[code]", '[[parts]]\nname = "written"\n[code]')
    write_course(tmp_path, QUESTIONS.replace(before, after), RIGHT, parts)
    with Engine(tmp_path, backend) as engine, pytest.raises(SpecError, match=words):
        engine.prepare("lab")


def test_only_an_assignment_with_answers_takes_a_toml_file(backend, tmp_path):
    write_course(tmp_path, QUESTIONS, RIGHT)
    add_code(tmp_path)
    (tmp_path / "test_specs" / "lab" / "questions.toml").unlink()
    toml = tmp_path / "test_specs" / "lab" / "assignment.toml"
    toml.write_text(toml.read_text().replace("answers = true", ""))
    (tmp_path / "x.toml").write_text(RIGHT)
    with Engine(tmp_path, backend) as engine:
        score = engine.grade("lab", tmp_path / "x.toml", seed=1)
    assert (score.score, score.tests) == (0, ())
    assert "not accepted" in score.notes[0]
