"""The path of one submission: read it, check the rules, run the specs against it, add up.

    score = grade(path, exam, backend, seed=1)

This is called in a process of its own per grading (`grader.examiner.server`); `grader.engine` starts those.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

import numpy
import torch

from grader import intake, rules
from grader.errors import InfrastructureError, SubmissionError
from grader.examiner.exam import Exam
from grader.intake.given import with_given
from grader.intake.model import Submission
from grader.intake.paths import shown
from grader.proxy.session import Salvage
from grader.rules import Violation
from grader.sandbox.base import Backend
from grader.scoring.aggregate import total
from grader.scoring.model import Environment, RuleResult, Score, SubmissionInfo, TestResult, TestStatus, Usage
from grader.spec.grading import Grading
from grader.version import __version__

Stage = Literal["quick", "slow", "all"]
_NOTED_LINES = 8


def grade(
    path: Path,
    exam: Exam,
    backend: Backend,
    *,
    seed: int,
    stage: Stage = "all",
    missed: Collection[str] = (),
    gpus: bool = True,
    on_start: Callable[[int], None] = lambda _total: None,
    on_test: Callable[[TestResult], None] = lambda _result: None,
) -> Score:
    """Grade one submission.

    Args:
        path: a file, folder or archive.
        exam: the assignment's specs, collected.
        backend: where the submission runs.
        seed: of every random input; the same seed gives the same score.
        stage: which tests to run.
        missed: functions of tests of an earlier stage that did not pass: what requires them is skipped.
        gpus: False: without one, although the limits ask for it, because nothing of it could be run before.
        on_start: called with the number of tests before the first one.
        on_test: called with each result as it is there.

    Raises:
        InfrastructureError: our fault; there is no score.
        SpecError: the author's fault; there is no score.
    """
    assignment = exam.assignment
    try:
        submission = intake.read(path, assignment.config)
    except SubmissionError as error:
        return _rejected(path, str(error), exam, backend, seed, stage)
    as_run = with_given(submission, assignment)
    broken = rules.check_all(submission, as_run, assignment.config)
    grading = Grading(assignment, as_run.submission, backend, seed, on_test, gpus)
    on_start(exam.count(stage))
    exam.run(grading, stage, missed)
    for result in grading.results:
        if result.status is TestStatus.INFRASTRUCTURE:
            raise InfrastructureError(result.output)
    deductions = _mark_answers(exam, grading) if stage != "slow" else ()
    return _score(
        grading, (*(_rule_result(violation, grading.submission) for violation in broken), *deductions), stage
    )


def _mark_answers(exam: Exam, grading: Grading) -> tuple[RuleResult, ...]:
    """Add the results of the written answers to the grading; what they cost is returned."""
    if exam.sheet is None:
        return ()
    marked = exam.sheet.mark_submission(grading.submission)
    for result in marked.results:
        grading.results.append(result)
        grading.on_test(result)
    return marked.rules


def _score(grading: Grading, violations: tuple[RuleResult, ...], stage: Stage) -> Score:
    """Add up a finished grading."""
    config = grading.assignment.config
    penalty = config.code.salvage_penalty if grading.salvage else 0.0
    summed = total(
        grading.results,
        config.parts,
        violations,
        salvage_penalty=penalty,
        allow_negative=config.allow_negative,
    )
    return Score(
        assignment=grading.assignment.name,
        spec_version=grading.assignment.spec_version,
        stage=stage,
        score=summed.score,
        max_score=summed.max_score,
        parts=summed.parts,
        tests=tuple(grading.results),
        rules=violations,
        salvage_penalty=penalty,
        allow_negative=config.allow_negative,
        imported=grading.imported,
        notes=(*grading.submission.notes, *_import_notes(grading, penalty)),
        submission=SubmissionInfo(sha256=grading.submission.sha256, name=grading.submission.name),
        seed=grading.seed,
        environment=_environment_of(grading),
        usage=_usage(grading),
    )


def _rejected(path: Path, reason: str, exam: Exam, backend: Backend, seed: int, stage: Stage) -> Score:
    """The score of an upload that cannot be graded: nothing, and why."""
    assignment = exam.assignment
    return Score(
        assignment=assignment.name,
        spec_version=assignment.spec_version,
        stage=stage,
        score=0.0,
        max_score=exam.max_score(stage),
        imported=False,
        notes=(reason,),
        submission=SubmissionInfo(sha256=_raw_digest(path), name=path.name),
        seed=seed,
        environment=environment(backend, None),
    )


def environment(backend: Backend, data: str | None) -> Environment:
    """With what a grading is made."""
    return Environment(
        tensorgrade=__version__,
        python=platform.python_version(),
        torch=str(torch.__version__),
        numpy=numpy.__version__,
        platform=f"{platform.system()} {platform.machine()}",
        backend=backend.name,
        data=data,
    )


def _environment_of(grading: Grading) -> Environment:
    """With the GPU that its sandboxes had."""
    plain = environment(grading.backend, grading.data)
    had = next((usage for usage in grading.usages if usage.gpu_name), None)
    if had is None:
        return plain
    found = {"gpu": had.gpu_name, "gpu_driver": had.gpu_driver, "cuda": torch.version.cuda}
    return plain.model_copy(update=found)


def _rule_result(violation: Violation, submission: Submission) -> RuleResult:
    file, line = submission.place(violation.file, violation.line)
    return RuleResult(
        id=violation.rule_id,
        file=file,
        line=line,
        text=violation.text,
        message=violation.message,
        points=violation.points,
        zero_parts=violation.zero_parts,
    )


def _import_notes(grading: Grading, penalty: float) -> list[str]:
    notes, submission = _notebook_notes(grading), grading.submission
    if grading.load_error is not None:
        entry = submission.handed_in(submission.entry or "")
        name = f"`{shown(entry)}`" if submission.modules and entry else "Your file"
        return [f"{name} could not be imported, so nothing of it was run. {grading.load_error}", *notes]
    return [*(_salvage_notes(grading.salvage, penalty) if grading.salvage is not None else []), *notes]


def _notebook_notes(grading: Grading) -> list[str]:
    """What failed of notebooks that were loaded statement by statement; it costs nothing by itself."""
    notes = []
    for path, skipped in sorted(grading.skipped.items()):
        places = grading.submission.places[path]
        notes += [
            f"`{shown(places.path)}`, {places.describe(line)} was skipped, because {why}: {text}"
            for line, text, why in skipped[:_NOTED_LINES]
        ]
        if len(skipped) > _NOTED_LINES:
            notes.append(f"{len(skipped) - _NOTED_LINES} more lines of `{shown(places.path)}` were skipped.")
    return notes


def _salvage_notes(salvage: Salvage, penalty: float) -> list[str]:
    cost = f" This costs {penalty:.0%} of the code's points." if penalty else ""
    notes = [
        f"Your file could not be imported as it is ({salvage.reason}), "
        f"so only its definitions were used.{cost}"
    ]
    notes += [
        f"Line {line} was skipped, because {why}: {text}"
        for line, text, why in salvage.skipped[:_NOTED_LINES]
    ]
    if len(salvage.skipped) > _NOTED_LINES:
        notes.append(f"{len(salvage.skipped) - _NOTED_LINES} more lines were skipped.")
    return notes


def _usage(grading: Grading) -> Usage:
    usages = grading.usages
    peaks = [usage.peak_gpu_memory_bytes for usage in usages if usage.peak_gpu_memory_bytes is not None]
    return Usage(
        cpu_seconds=round(sum(usage.cpu_seconds for usage in usages), 6),
        wall_seconds=round(sum(usage.wall_seconds for usage in usages), 6),
        peak_memory_bytes=max((usage.peak_memory_bytes for usage in usages), default=0),
        sandboxes=len(usages),
        peak_gpu_memory_bytes=max(peaks, default=None),
    )


def _raw_digest(path: Path) -> str:
    """Of the upload as it is, since it has no contents; a folder has none of its own."""
    if not path.is_file():
        return hashlib.sha256().hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
