"""What the engine asks of an examiner, and what comes back: one JSON object per line."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from grader.scoring.model import Score, TestResult


class Job(BaseModel):
    """One submission to grade. Two descriptors travel along: the sandbox connection and the pipe for
    `Event`s.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    seed: int
    stage: Literal["quick", "slow", "all"] = "all"
    backend: str = "local"  # whose server the connection leads to
    gpus: bool = True  # False: no sandbox gets one
    missed: tuple[str, ...] = ()  # functions of an earlier stage's tests that did not pass
    seconds: int = 3600  # a grading that takes longer is stuck, and ends


class Ready(BaseModel):
    """The examiner has collected its specs."""

    tests: tuple[str, ...]  # their ids
    max_score: float


class Event(BaseModel):
    """One line of a grading: a test's result, and at last the score or why there is none."""

    model_config = ConfigDict(frozen=True)

    total: int | None = None  # how many tests will run; the first line
    test: TestResult | None = None
    score: Score | None = None  # without its tests
    infrastructure: str | None = None  # our fault
    spec_error: str | None = None  # the author's fault
