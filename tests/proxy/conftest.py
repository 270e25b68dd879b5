"""Submissions in a sandbox without isolation."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

import pytest
from forking import ForkingBackend

from grader.intake.model import Submission
from grader.proxy.remote import RemoteSubmission
from grader.proxy.session import LoadPlan, Session
from grader.sandbox.base import Backend, Limits


@pytest.fixture(scope="session")
def backend(tmp_path_factory) -> Iterator[ForkingBackend]:
    made = ForkingBackend(tmp_path_factory.mktemp("sandboxes"))
    yield made
    made.close()


class Handed(RemoteSubmission):
    """A submission that a test handed in, and its session."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, "solution")
        self.session = session


HandIn = Callable[..., Handed]


def submitted(source: str | dict[str, str], entry: str = "solution.py") -> Submission:
    files = {entry: source} if isinstance(source, str) else source
    data = {path: textwrap.dedent(text).encode() for path, text in files.items()}
    return Submission("test", "0" * 64, data, entry)


@pytest.fixture
def hand_in(backend) -> Iterator[HandIn]:
    """hand_in(source) or hand_in({path: source}, entry=path): the root that specs call `submission`."""
    sessions: list[Session] = []

    def make(
        source: str | dict[str, str],
        entry: str = "solution.py",
        *,
        backend: Backend = backend,
        limits: Limits | None = None,
        **plan: float,
    ) -> Handed:
        sessions.append(Session(backend, limits or Limits(), submitted(source, entry), LoadPlan(**plan)))
        return Handed(sessions[-1])

    yield make
    for session in sessions:
        session.stop()
