"""From the exception that ended a test to its verdict: whose fault it is, and what the student reads."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from grader.errors import (
    CallTimeout,
    Frame,
    InfrastructureError,
    RemoteException,
    SandboxDied,
    SpecError,
    StudentCodeError,
    TensorgradeError,
    WireError,
)
from grader.sandbox.base import Status
from grader.scoring.model import TestStatus
from grader.spec.explain import sentences
from grader.spec.finding import Finding

_DEATHS = {Status.CPU: TestStatus.TIMEOUT, Status.WALL: TestStatus.TIMEOUT, Status.MEMORY: TestStatus.MEMORY}
_MOST_MESSAGE = 500
_ADDRESS = re.compile(r" at 0x[0-9a-f]{4,16}\b")  # another one each time, and nobody's business


@dataclass(frozen=True)
class Verdict:
    """A status, the sentences that every student may read, and those only for a visible test."""

    status: TestStatus
    hints: tuple[str, ...] = ()
    output: tuple[str, ...] = ()


def judge(error: BaseException | None, findings: tuple[Finding, ...], *, called: bool) -> Verdict:
    """The verdict on one test.

    Args:
        error: what ended the test; None if nothing did.
        findings: what `close` found to differ.
        called: whether the test had asked the submission for anything: before that, an error is the author's.
    """
    verdict = _judged(_leaf(error), findings, called=called)
    hints, output = (
        tuple(_ADDRESS.sub("", line) for line in lines) for lines in (verdict.hints, verdict.output)
    )
    return Verdict(verdict.status, hints, output)


def _judged(error: BaseException | None, findings: tuple[Finding, ...], *, called: bool) -> Verdict:
    if error is None:
        return Verdict(TestStatus.PASSED)
    if isinstance(error, pytest.skip.Exception):
        return Verdict(TestStatus.SKIPPED, (str(error.msg),))
    if isinstance(error, SpecError) and called:
        return _stumbled(error, called=called)  # `close` or a remote object met what no test can use
    if isinstance(error, TensorgradeError):
        return _ours(error)
    if isinstance(error, AssertionError | pytest.fail.Exception):
        return _wrong(str(error), findings)
    return _stumbled(error, called=called)


def _leaf(error: BaseException | None) -> BaseException | None:
    """The first exception of a group: hypothesis raises one for several failing examples."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


_BROKEN = "This test is broken; its author has to mend it."


def _ours(error: TensorgradeError) -> Verdict:
    if isinstance(error, RemoteException):
        return Verdict(TestStatus.ERROR, _their_traceback(error))
    if isinstance(error, WireError):
        return Verdict(TestStatus.KILLED, (f"Your code disturbed the grader's connection. {error}",))
    if isinstance(error, StudentCodeError):
        return Verdict(_status(error), (str(error),))
    if isinstance(error, InfrastructureError):
        hint = "The grader failed; this is not your fault."
        return Verdict(TestStatus.INFRASTRUCTURE, (hint,), (str(error),))
    return Verdict(TestStatus.SPEC_ERROR, (_BROKEN,), (str(error) or repr(error),))


def _status(error: StudentCodeError) -> TestStatus:
    if isinstance(error, SandboxDied):
        return _DEATHS.get(Status(error.status), TestStatus.KILLED)
    return TestStatus.TIMEOUT if isinstance(error, CallTimeout) else TestStatus.NOT_IMPLEMENTED


def _their_traceback(error: RemoteException) -> tuple[str, ...]:
    first = f"Your code raised {error.type_name}: {error.message[:_MOST_MESSAGE]}".rstrip(": ")
    return first, *(_frame(frame) for frame in error.frames)


def _frame(frame: Frame) -> str:
    return f"  {frame.file}, line {frame.line}, in {frame.function}: {frame.source}"


def _wrong(message: str, findings: tuple[Finding, ...]) -> Verdict:
    """An assertion failed. The author's own words come first; expected values are for visible tests only."""
    if message.startswith("assert "):
        words, introspection = "", message
    else:
        words, cut, rest = message.partition("\nassert ")
        introspection = f"assert {rest}" if cut else ""
    hidden, shown = (sentences(findings, show_expected=show) for show in (False, True))
    hints = (*((words,) if words else ()), *hidden)
    more = tuple(line for line in shown if line not in hidden)
    output = more if findings else ((introspection,) if introspection else ())
    return Verdict(TestStatus.FAILED, hints or ("The result is wrong.",), output)


def _stumbled(error: BaseException, *, called: bool) -> Verdict:
    """The test's own code raised: over what the student returned, or, before it asked for anything, by
    itself.
    """
    what = f"{type(error).__name__}: {error}"
    if not called:
        return Verdict(TestStatus.SPEC_ERROR, (_BROKEN,), (what,))
    if type(error).__module__.startswith("hypothesis"):
        return Verdict(TestStatus.FAILED, ("The result is not the same twice for the same input.",), (what,))
    kind = "" if isinstance(error, SpecError) else f" ({type(error).__name__})"
    hint = f"Your code returned something that the test cannot use{kind}."
    return Verdict(TestStatus.FAILED, (hint,), (what,))
