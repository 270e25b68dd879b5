"""Grades many submissions at once for the command line: progress, retries, and the results in order."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from grader import check as author_check
from grader import report
from grader.assignment import REPOSITORY, Assignment
from grader.engine import Engine, Stage
from grader.errors import InfrastructureError, UsageError
from grader.sandbox.docker.backend import backend_for
from grader.scoring import gradescope
from grader.scoring.model import Score
from grader.scoring.views import student_view

_ATTEMPTS = 3


@dataclass(frozen=True)
class Outcome:
    """A submission and its score, or why it has none: our fault or the author's, never the student's."""

    path: Path
    score: Score | None
    reason: str = ""

    @property
    def failure(self) -> bool:
        """Whether there is no score."""
        return self.score is None or self.score.score is None


def open_engine(backend: str = "local") -> Engine:
    """An engine over this repository's assignments, with sandboxes of the backend of this name."""
    return Engine(open_backend=backend_for(backend, REPOSITORY))


def grade_all(
    engine: Engine, name: str, paths: Sequence[Path], *, jobs: int, seed: int, stage: Stage
) -> list[Outcome]:
    """Grade every path; the outcomes in the order of the paths.

    Raises:
        UsageError, SpecError: for all of them at once.
    """
    with _progress() as progress:
        starting = progress.add_task(f"preparing {escape(name)}", total=None)
        engine.prepare(name)
        progress.remove_task(starting)
        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(lambda path: _grade_one(engine, name, path, seed, stage, progress), paths))


def _grade_one(engine: Engine, name: str, path: Path, seed: int, stage: Stage, progress: Progress) -> Outcome:
    reason = ""
    for _ in range(_ATTEMPTS):
        task = progress.add_task(escape(path.name), total=None)
        try:
            return Outcome(path, _grade(engine, name, path, seed, stage, progress, task))
        except InfrastructureError as error:
            reason = str(error)
        finally:
            progress.remove_task(task)
    return Outcome(path, None, reason)


def _grade(
    engine: Engine, name: str, path: Path, seed: int, stage: Stage, progress: Progress, task: TaskID
) -> Score:
    return engine.grade(
        name,
        path,
        seed=seed,
        stage=stage,
        on_start=lambda total: progress.update(task, total=total),
        on_test=lambda _result: progress.advance(task),
    )


def _progress() -> Progress:
    """Bars on stderr, where it is a terminal."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def show(outcomes: Sequence[Outcome], form: Literal["table", "json", "gradescope"], *, student: bool) -> None:
    """Print the scores on stdout and, for those without one, the reason on stderr."""
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    for outcome in outcomes:
        if outcome.failure:
            errors.print(
                f"{outcome.path}: not graded. {outcome.reason or _unjudged(outcome.score)}", markup=False
            )
    hide = student and form != "gradescope"  # which has visibilities of its own
    kept = [outcome.score for outcome in outcomes if outcome.score is not None]
    if form == "gradescope":  # which has no word for "no score"
        kept = [score for score in kept if score.score is not None]
    scores = [_view(score, student=hide) for score in kept]
    if form == "table":
        console = Console()
        for score in scores:
            report.render(score, console, view="student" if student else "staff")
        return
    render: Callable[[Score], str] = Score.to_json if form == "json" else _gradescope
    texts = [render(score) for score in scores]
    single = len(outcomes) == 1 and texts
    sys.stdout.write((texts[0] if single else "[" + ",\n".join(texts) + "]") + "\n")


def _gradescope(score: Score) -> str:
    return json.dumps(gradescope.results(score), indent=2)


def _view(score: Score, *, student: bool) -> Score:
    return student_view(score) if student else score


def _unjudged(score: Score | None) -> str:
    """Which tests have no verdict."""
    tests = score.tests if score else ()
    return " ".join(
        f"{test.id}: {test.status}. {test.output}" for test in tests if not test.status.is_verdict
    )


def check(
    engine: Engine, assignment: Assignment, *, jobs: int, only: str | None, stage: Stage, seed: int
) -> bool:
    """Grade the reference, the template and every sample, and print what is not as declared."""
    console = Console(soft_wrap=True, highlight=False)
    chosen = [case for case in author_check.cases(assignment) if only is None or only in case.label]
    if not chosen:
        raise UsageError(f"No sample of {assignment.name} has {only!r} in its path.")
    outcomes = grade_all(
        engine, assignment.name, [case.path for case in chosen], jobs=jobs, seed=seed, stage=stage
    )
    known = frozenset(
        name for test in engine.prepare(assignment.name).tests for name in author_check.call_names(test)
    )
    bad = 0
    for case, outcome in zip(chosen, outcomes, strict=True):
        found = (
            [outcome.reason] if outcome.score is None else author_check.problems(case, outcome.score, known)
        )
        bad += bool(found)
        earned = (
            f"{outcome.score.score:g}/{outcome.score.max_score:g}"
            if not outcome.failure and outcome.score
            else "-"
        )
        console.print(f"{'FAIL' if found else 'ok  '}  {case.label:56} {earned}", markup=False)
        for line in found:
            console.print(f"        {line}", markup=False)
    console.print(
        f"{assignment.name}: {len(chosen) - bad} of {len(chosen)} as declared, seed {seed}", markup=False
    )
    return not bad
