"""What a submission returned must not cost the examiner more than a little time, memory and paper."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time

import numpy as np
import pytest
import torch
from _pytest._io.saferepr import saferepr
from _pytest.assertion import util

from grader.errors import CallTimeout
from grader.spec.watchdog import abbreviate_arrays, brief_comparisons, processor_seconds


def spin(seconds: float = math.inf) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_computing_for_too_long_ends():
    with pytest.raises(CallTimeout, match=r"more than 0\.05 s"), processor_seconds(0.05):
        spin()


def test_it_ends_again_where_the_first_exception_was_swallowed():
    def stubborn() -> None:
        with contextlib.suppress(CallTimeout):
            spin()
        spin()

    with pytest.raises(CallTimeout), processor_seconds(0.05):
        stubborn()


def test_afterwards_everything_is_as_before():
    before = signal.getsignal(signal.SIGPROF)
    with processor_seconds(0.05):
        pass
    with pytest.raises(ValueError, match="own"), processor_seconds(0.05):
        raise ValueError("own")
    assert signal.getsignal(signal.SIGPROF) is before
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
    spin(0.1)


def test_waiting_costs_nothing():
    with processor_seconds(0.05):
        time.sleep(0.2)


def test_in_another_thread_nothing_is_limited():
    done = []

    def work() -> None:
        with processor_seconds(0.01):
            spin(0.05)
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done


def test_arrays_in_containers_are_printed_by_their_shape():
    abbreviate_arrays()
    tree = [[torch.rand(900) for _ in range(6)] for _ in range(6)]
    assert "Tensor of shape (900,)" in saferepr(tree)
    assert "ndarray of shape (10, 2)" in saferepr((np.zeros((10, 2)), 1))
    assert saferepr([torch.tensor(1.5), torch.tensor([1, 2])]) == "[tensor(1.5000), tensor([1, 2])]"
    assert saferepr(torch.tensor([1.0] * 20)).startswith("tensor([1., 1.,")


class Remote:
    """As pytest sees a remote object: asking it anything costs a request."""

    __tensorgrade_remote__ = True

    def __iter__(self):
        raise AssertionError("asked for its items")

    def __repr__(self) -> str:
        return "<remote>"


@pytest.mark.parametrize("thing", [torch.ones(3), np.ones(3), torch.nn.Parameter(torch.ones(2)), Remote()])
def test_pytest_can_only_print_what_a_submission_returned(monkeypatch, thing):
    seen = []
    monkeypatch.setattr(util, "_reprcompare", lambda *sides: seen.append(sides))
    explain = util._reprcompare
    with brief_comparisons():
        util._reprcompare("==", thing, [1, 2])
    assert util._reprcompare is explain
    ((op, left, right),) = seen
    assert (op, repr(left), right) == ("==", repr(thing), [1, 2])
    with pytest.raises(TypeError):
        iter(left)


def test_other_values_are_explained_as_ever(monkeypatch):
    monkeypatch.setattr(util, "_reprcompare", lambda op, left, right: f"{left!r} {op} {right!r}")
    with brief_comparisons():
        assert util._reprcompare("==", {"a": 1}, "b") == "{'a': 1} == 'b'"
