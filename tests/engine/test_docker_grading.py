"""The same submissions on both backends: identical scores, test by test.

A few of each assignment by default; all of them with SANDBOX_SAMPLES=all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from machine import containers_wanted, unavailable

from grader import assignment, check
from grader.check import Case
from grader.engine import Engine
from grader.errors import InfrastructureError
from grader.sandbox.docker.backend import DockerBackend
from grader.sandbox.docker.options import DockerOptions
from grader.scoring.model import Score, without_times

ALL = os.environ.get("SANDBOX_SAMPLES") == "all"
_SOME = 2  # right ones, and wrong ones, of each assignment
_STAGE = "all" if ALL else "quick"


@pytest.fixture(scope="module")
def docker_engine() -> Iterator[Engine]:
    containers_wanted()
    try:
        backend = DockerBackend(DockerOptions(warm=2))
    except InfrastructureError as error:
        unavailable(str(error))
    with backend, Engine(backend=backend) as engine:
        yield engine


def chosen() -> list[Any]:
    """(assignment, case) of what is graded on both."""
    return [
        pytest.param(name, case, id=f"{name}-{case.label}")
        for name in assignment.names()
        for case in _of(name)
    ]


def _of(name: str) -> list[Case]:
    cases = check.cases(assignment.load(name))
    if ALL:
        return cases
    right = [case for case in cases if "right/" in case.label]
    wrong = [case for case in cases if "wrong/" in case.label]
    return right[:_SOME] + wrong[:_SOME]


def judged(score: Score) -> dict[str, Any]:
    """Everything but times, where it was made, and what was printed: progress bars tell the time."""
    found = without_times(score)
    found.pop("environment")
    found.pop("usage", None)
    for test in found["tests"]:
        test.pop("stdout")
    return found


@pytest.mark.parametrize(("name", "case"), chosen())
def test_both_backends_give_the_same_score(engine, docker_engine, name, case):
    local = engine.grade(name, case.path, seed=5, stage=_STAGE)
    contained = docker_engine.grade(name, case.path, seed=5, stage=_STAGE)
    assert judged(contained) == judged(local)


def test_the_result_says_what_it_was_made_with(engine, docker_engine):
    name = assignment.names()[0]
    path = assignment.load(name).reference
    local = engine.grade(name, path, seed=5, stage="quick").environment
    contained = docker_engine.grade(name, path, seed=5, stage="quick").environment
    assert (local.backend, contained.backend) == ("local", "docker")
    assert contained.torch == local.torch


def test_results_of_the_container_are_measured(docker_engine):
    name = assignment.names()[0]
    usage = docker_engine.grade(name, assignment.load(name).reference, seed=5, stage="quick").usage
    assert usage.cpu_seconds > 0
    assert usage.peak_memory_bytes > 2**20
