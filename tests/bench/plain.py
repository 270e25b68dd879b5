"""The baseline: the same checks as plain functions in one warm process, with no sandbox, no pipe and no
isolation.

Every remote object of the specs is replaced by one that holds the real thing; only the bodies of
fixtures and tests are timed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import torch

from grader import intake
from grader.assignment import load
from grader.examiner.exam import Exam
from grader.harness import describe, loader
from grader.harness.objects import kind_of, qualified_name
from grader.harness.operations import define, plain
from grader.harness.torchvision_compat import declare_missing_operators
from grader.intake.model import Submission
from grader.proxy.remote import Remote
from grader.spec.grading import Grading
from grader.spec.runner import Runner
from grader.wire import messages as m
from grader.wire.codec import Encoder


class _IsObject(Exception):
    pass


def _raise(_thing: object) -> m.Handle:
    raise _IsObject


def _wrapped(thing: Any) -> Any:
    """What would come back over the pipe: plain data as it is, everything else as an object."""
    if isinstance(thing, Direct):
        return thing
    try:
        Encoder(_raise).encode(thing)
    except _IsObject:
        return Direct(thing)
    return thing


def _sent(value: Any) -> Any:
    """What would arrive in the sandbox: objects themselves, tensors as copies."""
    if isinstance(value, Direct):
        return object.__getattribute__(value, "_handle")
    if type(value) is torch.Tensor:
        return value.detach().clone().requires_grad_(value.requires_grad)
    if type(value) in (list, tuple):
        return type(value)(_sent(item) for item in value)
    return value


class Direct(Remote):
    """A remote object that is not remote."""

    def __init__(self, thing: Any) -> None:
        object.__setattr__(self, "_handle", thing)
        object.__setattr__(self, "_generation", 0)
        object.__setattr__(self, "_session", None)

    @property
    def value(self) -> Any:
        return plain(self._handle)

    def __getattr__(self, name: str) -> Any:
        return _wrapped(getattr(self._handle, name))

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._handle, name, _sent(value))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _wrapped(
            self._handle(*map(_sent, args), **{key: _sent(value) for key, value in kwargs.items()})
        )

    def __getitem__(self, key: Any) -> Any:
        return _wrapped(self._handle[_sent(key)])

    def __iter__(self) -> Any:
        return map(_wrapped, self._handle)

    def __len__(self) -> int:
        return len(self._handle)

    def __repr__(self) -> str:
        return f"<{kind_of(self._handle)} {qualified_name(type(self._handle))}>"

    def __del__(self) -> None:
        pass

    def _ask(self, make: Callable[[int, Any], m.Operation]) -> Any:
        operation = make(0, None)
        if isinstance(operation, m.Describe):
            return describe.modules(self._handle)
        if isinstance(operation, m.IsInstance):
            module, _, name = operation.type_name.rpartition(".")
            return isinstance(self._handle, getattr(importlib.import_module(module), name))
        raise NotImplementedError(type(operation).__name__)


class DirectSubmission:
    """The submission imported into this process."""

    def __init__(self, submission: Submission, folder: Path, alias: str) -> None:
        for path, data in submission.files.items():
            loader.write(folder, path, data)
        self._folder = folder
        module, _ = loader.load(folder, submission.entry or "", alias, salvaging=False)
        setattr(self, alias, Direct(module))
        self._made: dict[object, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return Direct(importlib.import_module(name))

    def define(self, source: str) -> Any:
        return self.once(("define", source), lambda: _wrapped(define(source)))

    def put(self, value: Any, *, requires_grad: bool = False) -> Any:
        copy = _sent(value)
        return Direct(copy.requires_grad_(True) if requires_grad else copy)

    def put_file(self, path: str, data: bytes) -> str:
        return str(loader.write(self._folder, path, data))

    def once(self, key: object, factory: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = factory()
        return self._made[key]


class _Stopwatch:
    """Adds up the time spent in the bodies of fixtures and tests."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self) -> Generator[None, object, object]:
        return (yield from self._timed())

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self) -> Generator[None, object, object]:
        return (yield from self._timed())

    def _timed(self) -> Generator[None, object, object]:
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            return (yield)
        finally:
            self.wall += time.perf_counter() - wall
            self.cpu += time.process_time() - cpu


def measure(exam: Exam, path: Path, runs: int) -> tuple[float, float]:
    """Median wall and CPU seconds of one run of the quick tests as plain functions."""
    submission = intake.read(path, exam.assignment.config)
    watch = _Stopwatch()
    exam.register(watch)
    walls, cpus = [], []
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for _ in range(runs + 1):
                watch.wall = watch.cpu = 0.0
                _run(exam, submission, Path(folder))
                walls.append(watch.wall)
                cpus.append(watch.cpu)
        finally:
            os.chdir(before)
    return statistics.median(walls[1:]), statistics.median(cpus[1:])


def _run(exam: Exam, submission: Submission, folder: Path) -> None:
    gc.collect()
    direct = DirectSubmission(submission, folder, exam.assignment.config.code.entry)
    original = Runner.remote
    Runner.remote = lambda _self: direct  # type: ignore[method-assign, assignment, return-value]
    grading = Grading(exam.assignment, submission, _NoBackend(), seed=0)
    try:
        exam.run(grading, "quick")
    finally:
        Runner.remote = original  # type: ignore[method-assign]
    wrong = [
        f"{result.id}: {result.hints} {result.output}"
        for result in grading.results
        if result.status != "passed"
    ]
    if wrong:
        raise RuntimeError("the baseline does not pass: " + "\n".join(wrong))


class _NoBackend:
    name = "none"

    def start(self, limits: object) -> Any:
        raise RuntimeError("the baseline starts no sandbox")

    def close(self) -> None:
        pass


def main(name: str, runs: int) -> None:
    """For each line on stdin, print [wall, CPU] seconds as JSON."""
    torch.set_num_threads(1)
    declare_missing_operators()
    chosen = load(name)
    exam = Exam.prepare(chosen)
    for _ in sys.stdin:
        print(json.dumps(measure(exam, chosen.reference, runs)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
