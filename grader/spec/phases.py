"""The phases of a test as pytest runs them, without its reports, which nobody reads in a grading.

pytest's own protocol makes three reports for each test and calls a dozen hooks around them: a third of the
time of a quick test, and more for a failing one, whose traceback it would render.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from grader.spec.runner import RUNNER


class QuietPhases:
    """A pytest plugin: setup, call and teardown of each test, errors noted for the verdict."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run one test."""
        runner = item.config.stash[RUNNER]
        request: Any = item  # the fixtures of a function, made anew for each run as in _pytest.runner
        if hasattr(item, "_request") and not request._request:
            request._initrequest()
        hooks = item.ihook
        if _succeeds(runner.note, lambda: hooks.pytest_runtest_setup(item=item)):
            _succeeds(runner.note, lambda: hooks.pytest_runtest_call(item=item))
        _succeeds(runner.note, lambda: hooks.pytest_runtest_teardown(item=item, nextitem=nextitem))
        if hasattr(item, "_request"):
            request._request, request.funcargs = False, None
        return True


def _succeeds(note: Callable[[BaseException], None], phase: Callable[[], object]) -> bool:
    try:
        phase()
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise
    except BaseException as error:  # skips and pytest.fail are no Exceptions
        note(error)
        return False
    return True
