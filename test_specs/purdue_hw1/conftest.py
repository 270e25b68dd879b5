"""Fixtures: the submission's functions and networks, the latter with right activations."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from students import Activations, Equivariant, Networks

from grader.errors import StudentCodeError


@pytest.fixture
def activations(submission) -> Activations:
    """Their activations.py."""
    return Activations(submission)


@pytest.fixture
def others_right(activations) -> Iterator[None]:
    """softmax is right if it was not, for a stable_softmax that calls it."""
    wrong = [name for name in activations.wrong if name == "softmax"]
    with _for_now(lambda: activations.repair(wrong), wrong):
        yield


@pytest.fixture
def networks(submission, activations) -> Iterator[Networks]:
    """Their networks.py. What is wrong in activations.py has lost its points there, and is right here."""
    wrong = activations.wrong
    with _for_now(lambda: activations.repair(wrong), wrong):
        yield Networks(submission)


@pytest.fixture
def equivariant(submission) -> Equivariant:
    """Their notebook."""
    return Equivariant(submission)


@pytest.fixture
def layers(equivariant) -> Iterator[Equivariant]:
    """Their notebook, with our rotation_group and project where theirs are wrong."""
    with _for_now(equivariant.repair, equivariant.wrong):
        yield equivariant


@contextlib.contextmanager
def _for_now(repair: Callable[[], Callable[[], object]], wrong: list[str]) -> Iterator[None]:
    undo = repair() if wrong else None
    yield
    if undo is not None:
        with contextlib.suppress(StudentCodeError):  # a sandbox that ended took the repair with it
            undo()
