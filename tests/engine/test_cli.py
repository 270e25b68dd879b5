"""The command line as a first-time user meets it: what is printed where, exit statuses, and never a
traceback.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
REFERENCE = REPOSITORY / "reference" / "vu_dl_a3"
TEMPLATE = REPOSITORY / "test_specs" / "vu_dl_a3" / "template.py"

pytestmark = pytest.mark.usefixtures("engine")  # skipped where nothing can be graded


def run(*arguments: object, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-m", "grader.cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def test_json_of_one_file_is_one_object_and_nothing_else():
    done = run("grade", "vu_dl_a3", REFERENCE, "--json", "--stage", "quick", "--seed", 5)
    assert done.returncode == 0, done.stderr
    score = json.loads(done.stdout)
    assert score["schema"] == "tensorgrade.score/1"
    assert score["score"] == score["max_score"]
    assert score["seed"] == 5


def test_json_of_several_is_a_list_in_their_order():
    done = run("grade", "vu_dl_a3", REFERENCE, TEMPLATE, "--json", "--jobs", 2, "--stage", "quick")
    first, second = json.loads(done.stdout)
    assert done.returncode == 0
    assert (first["submission"]["name"], second["submission"]["name"]) == ("vu_dl_a3", "template.py")
    assert first["score"] > second["score"] == 0


def test_table_shows_tests_points_and_reasons():
    done = run("grade", "vu_dl_a3", TEMPLATE, "--stage", "quick")
    assert done.returncode == 0
    assert "not implemented" in done.stdout
    assert "template.py, line" in done.stdout


def test_gradescope_results():
    done = run("grade", "vu_dl_a3", REFERENCE, "--format", "gradescope", "--stage", "quick")
    results = json.loads(done.stdout)
    assert results["score"] == sum(test["score"] for test in results["tests"])
    assert {test["status"] for test in results["tests"]} == {"passed"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("grade", "no_such_homework", TEMPLATE), "no assignment 'no_such_homework'"),
        (("grade", "vu_dl_a3", "no_such_file.py"), "no_such_file.py"),
        (("grade", "vu_dl_a3"), "files"),
        (("grade", "vu_dl_a3", TEMPLATE, "--jobs", "0"), "--jobs"),
        (("check",), "--all"),
        (("frobnicate",), "frobnicate"),
    ],
)
def test_wrong_usage_is_a_sentence_and_status_2(arguments, words):
    done = run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="hides the control groups, which needs root")
def test_machine_that_cannot_enforce_limits_is_status_3_and_names_the_remedy():
    hidden = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"', "sh")
    done = run("grade", "vu_dl_a3", TEMPLATE, "--json", before=hidden)
    assert done.returncode == 3
    assert "Remedy:" in done.stderr
    assert done.stdout.strip() in {"", "[]"}


def test_help_has_examples():
    assert "Examples:" in run("grade", "--help").stdout


def test_authors_loop_is_plain_pytest():
    command = [
        sys.executable,
        "-m",
        "pytest",
        "test_specs/vu_dl_a3",
        "--submission",
        REFERENCE,
        "--stage",
        "quick",
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "points in" in done.stdout


def test_specs_without_submission_say_what_is_missing():
    command = [sys.executable, "-m", "pytest", "test_specs/vu_dl_a3/test_unfold.py"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "--submission FILE" in done.stdout
