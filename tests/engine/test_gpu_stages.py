"""What cannot be imported is graded without a GPU: no sandbox is asked to have one."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from grader.assignment import load
from grader.intake import read
from grader.proxy.session import Session
from grader.sandbox.base import Limits, Sandbox
from grader.sandbox.fake import FakeBackend
from grader.spec.grading import Grading

GPU_LIMITS = 'name = "lab"\ntitle = "Lab"\n[slow_limits]\ngpus = 1\n'


@dataclass
class Counting:
    """The fake backend, and what it was asked for."""

    name: str = "fake"
    asked: list[int] = field(default_factory=list)
    inner: FakeBackend = field(default_factory=FakeBackend)

    def start(self, limits: Limits) -> Sandbox:
        self.asked.append(limits.gpus)
        return self.inner.start(limits)

    def close(self) -> None:
        self.inner.close()


@pytest.fixture
def grading(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a fake sandbox puts the submission's files
    """Makes a grading of a source."""
    folder = tmp_path / "test_specs/lab"
    folder.mkdir(parents=True)
    (folder / "assignment.toml").write_text(GPU_LIMITS)

    def make(source: str, **options) -> tuple[Grading, Counting]:
        path = tmp_path / "solution.py"
        path.write_text(source)
        assignment, backend = load("lab", tmp_path), Counting()
        backends.append(backend)
        return Grading(assignment, read(path, assignment.config), backend, 1, **options), backend

    backends: list[Counting] = []
    yield make
    for backend in backends:
        backend.close()


def use(session: Session) -> None:
    session.begin_test(None)
    session.ready()


@pytest.mark.parametrize(("source", "gpus"), [("def f():\n    return 1\n", 1), ("def f(:\n", 0)])
def test_the_slow_sandbox_has_one_if_the_quick_one_could_load(grading, source, gpus):
    made, backend = grading(source)
    use(made.session("quick"))
    use(made.session("slow"))
    made.finish()
    assert set(backend.asked[:1]) == {0}
    assert backend.asked[-1] == gpus
    assert made.imported is bool(gpus)


def test_a_worker_can_say_that_it_was_broken_before(grading):
    made, backend = grading("def f(:\n", gpus=False)
    use(made.session("slow"))
    made.finish()
    assert set(backend.asked) == {0}
    assert not made.imported


def test_nothing_was_tried(grading):
    made, _ = grading("def f():\n    return 1\n")
    made.finish()
    assert made.imported
