"""The pytest plugin: marks, fixtures, order, prerequisites and verdicts.

It is the same code in production, where the examiner hands it a `Grading`, and in an author's own
`pytest ... --submission FILE`.
Without a grading it stays out of the way: other test suites in the same environment are not touched.
"""

from __future__ import annotations

import time
from collections.abc import Generator

import pytest

from grader.spec.fixtures import Fixtures
from grader.spec.marks import DECLARED
from grader.spec.runner import RUNNER


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options for an author's own runs."""
    group = parser.getgroup("tensorgrade", "grade a submission with the specs of an assignment")
    group.addoption(
        "--submission", metavar="FILE", help="the submission to grade: a file, a folder or an archive"
    )
    group.addoption("--seed", type=int, default=0, help="seed of every random input (default 0)")
    group.addoption("--stage", choices=("quick", "slow", "all"), default="all", help="which tests to run")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks, and start a grading if one is asked for."""
    for name, meaning in DECLARED.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    if config.getoption("--submission"):
        from grader.spec import standalone

        config.pluginmanager.register(standalone.Standalone(config), "tensorgrade-standalone")
    config.pluginmanager.register(Fixtures(config), "tensorgrade-fixtures")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Time the test, keep its verdict and pass it on."""
    runner = item.config.stash.get(RUNNER, None)
    if runner is None:
        return (yield)
    runner.begin(item)
    started = time.perf_counter()
    outcome = yield
    runner.end(item, (time.perf_counter() - started) * 1000)
    return outcome


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how each phase of a test ended."""
    report = yield
    runner = item.config.stash.get(RUNNER, None)
    if runner is not None and call.excinfo is not None:
        runner.note(call.excinfo.value)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Skip a test whose prerequisites did not pass, and bound the time that fixtures compute."""
    runner = item.config.stash.get(RUNNER, None)
    if runner is None:
        return (yield)
    runner.check_prerequisites(item)
    with runner.limited(item):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Bound the time that the test computes."""
    runner = item.config.stash.get(RUNNER, None)
    if runner is None:
        return (yield)
    with runner.limited(item):
        return (yield)


def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    """Say how a tensor differs, in place of pytest's own comparison."""
    for side in (right, left):
        if hasattr(type(side), "__tensorgrade_comparison__"):  # asked of no remote object
            explanation = getattr(side, "explanation", None)
            if explanation is not None:
                return [f"result {op} {side!r}", *explanation]
    return None
