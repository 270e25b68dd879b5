"""Whole gradings of real submissions through the warm engine."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import jsonschema
import pytest

from grader import assignment, check
from grader.scoring.model import Score, TestStatus, without_times

REPOSITORY = Path(__file__).parents[2]
REFERENCE = REPOSITORY / "reference" / "vu_dl_a3"
NAME = "vu_dl_a3"


def quick(engine, path, **options) -> Score:
    return engine.grade(NAME, path, seed=options.pop("seed", 7), stage="quick", **options)


@pytest.mark.parametrize("name", assignment.names())
def test_reference_earns_everything(engine, name):
    score = engine.grade(name, REPOSITORY / "reference" / name, seed=3, stage="quick")
    assert score.score == score.max_score > 0
    assert {test.status for test in score.tests} <= {TestStatus.PASSED, TestStatus.WAITING}


@pytest.mark.parametrize("name", assignment.names())
def test_template_earns_nothing(engine, name):
    (template,) = (case.path for case in check.cases(assignment.load(name)) if case.label == "template")
    score = engine.grade(name, template, seed=3, stage="quick")
    assert score.score is not None
    assert score.score <= 0  # a declaration that is missing may cost
    assert all(
        test.score == 0 and test.status is not TestStatus.PASSED for test in score.tests if test.max_score
    )


def test_same_seed_gives_the_same_json_but_for_times(engine, tmp_path):
    wrong = tmp_path / "conv.py"
    wrong.write_text((REFERENCE / "solution.py").read_text().replace("padding", "paddinq", 1))
    first, second = (without_times(quick(engine, wrong, seed=11)) for _ in range(2))
    assert json.dumps(first) == json.dumps(second)


def test_other_seed_gives_other_inputs_and_the_same_verdicts(engine):
    first, second = (quick(engine, REFERENCE, seed=seed) for seed in (1, 2))
    assert first.score == second.score
    assert (first.seed, second.seed) == (1, 2)


def test_json_validates_against_the_published_schema(engine):
    schema = json.loads((REPOSITORY / "docs" / "score.schema.json").read_text())
    jsonschema.validate(json.loads(quick(engine, REFERENCE).to_json()), schema)


def test_results_arrive_test_by_test_before_the_score(engine):
    seen, totals = [], []
    score = quick(engine, REFERENCE, on_start=totals.append, on_test=seen.append)
    assert totals == [len(score.tests)]
    assert [test.id for test in seen] == [test.id for test in score.tests]


def test_folder_and_archives_of_it_are_the_same_submission(engine, tmp_path):
    folder = tmp_path / "team"
    shutil.copytree(REFERENCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with zipfile.ZipFile(tmp_path / "team.zip", "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    with tarfile.open(tmp_path / "team.tar.gz", "w:gz") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    scores = [quick(engine, tmp_path / name) for name in ("team", "team.zip", "team.tar.gz")]
    assert len({score.submission.sha256 for score in scores}) == 1
    assert [score.score for score in scores] == [scores[0].max_score] * 3


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("conv.py", b"", "empty"),
        ("conv.py", b"%PDF-1.7 something", "PDF"),
        ("conv.zip", b"not a zip at all", "zip"),
        ("conv.docx", b"PK", "docx"),
    ],
)
def test_unreadable_upload_scores_nothing_and_says_why(engine, tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)
    score = quick(engine, path)
    assert (score.score, score.tests) == (0, ())
    assert score.max_score > 0
    assert reason.lower() in " ".join(score.notes).lower()


def test_syntax_error_names_file_and_line(engine, tmp_path):
    path = tmp_path / "conv.py"
    path.write_text("import torch\n\ndef unfold(x:\n    return x\n")
    score = quick(engine, path)
    assert score.score == 0
    code = [test for test in score.tests if test.part == "unfold"]
    assert {test.status for test in code} == {TestStatus.ERROR}
    assert all("conv.py, line 3" in " ".join(test.hints) for test in code)


def test_one_broken_function_costs_only_its_own_tests(engine, tmp_path):
    path = tmp_path / "conv.py"
    source = (REFERENCE / "solution.py").read_text()
    path.write_text(source + "\n\ndef count_parameters(model):\n    import os\n    os._exit(3)\n")
    score = quick(engine, path)
    lost = {
        test.id.partition("::")[2]: test.status
        for test in score.tests
        if test.part != "answers" and test.score < test.max_score
    }
    assert lost == {"test_count_parameters": TestStatus.KILLED}
