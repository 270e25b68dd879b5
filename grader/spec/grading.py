"""One grading as the pytest plugin sees it: the submission, its sandboxes, the seed, and where results go."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from grader.assignment import Assignment
from grader.errors import NotImplementedYet, StudentCodeError
from grader.intake.model import Submission
from grader.proxy.session import LoadPlan, Salvage, Session, Skipped
from grader.sandbox.base import Backend, Usage
from grader.scoring.model import TestResult
from grader.spec.modules import Damage, damage


class Answers(Mapping[str, Any]):
    """answers.toml as specs read it."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def __getitem__(self, key: str) -> Any:
        if key not in self._given:
            raise NotImplementedYet(f"answers.toml has no `{key}`.")
        return self._given[key]

    def __iter__(self) -> Any:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


@dataclass
class Grading:
    """The state of one run over the specs."""

    assignment: Assignment
    submission: Submission
    backend: Backend
    seed: int
    on_test: Callable[[TestResult], None] = lambda _result: None
    gpus: bool = True  # False: sandboxes get none, whatever the limits say
    results: list[TestResult] = field(default_factory=list)
    load_error: StudentCodeError | None = None  # why nothing of the submission could be run
    data: str | None = None  # the data set that a fixture said it used
    _sessions: dict[str, Session] = field(default_factory=dict)
    _usages: list[Usage] = field(default_factory=list)
    _salvages: list[Salvage] = field(default_factory=list)
    skipped: dict[str, Skipped] = field(default_factory=dict)  # of files that come from notebooks, by path
    _was_loaded: bool = False
    _deadline: float | None = None

    def session(self, stage: str) -> Session:
        """The sandbox that the tests of a stage share; "quick" and "slow" have limits of their own."""
        if stage not in self._sessions:
            self._sessions[stage] = self.new_session(stage)
        return self._sessions[stage]

    def fresh_session(self, stage: str) -> Session:
        """One more sandbox, for one test."""
        return self.session(f"{stage}/{len(self._sessions)}")

    def new_session(self, stage: str) -> Session:
        """A session with the limits of its stage; nothing is started yet."""
        config = self.assignment.config
        slow = stage.startswith("slow")
        limits = (config.slow_limits if slow else config.limits).limits()
        if not self.gpus or self._is_known_broken():
            limits = replace(limits, gpus=0)
        patience = config.deadlines.slow_test_seconds if slow else config.deadlines.call_seconds
        # A seed of its own: from the grading's, and a test's id, a submission could foretell hidden inputs.
        seed = self.test_seed("the sandbox")
        lost = self.damage
        plan = LoadPlan(
            config.code.entry, seed, config.code.import_seconds, patience, lost.replaced, lost.failures
        )
        session = Session(self.backend, limits, self.submission, plan)
        session.begin_test(self._deadline)
        return session

    @cached_property
    def damage(self) -> Damage:
        """Modules that are lost before anything is loaded."""
        return damage(self.assignment, self.submission)

    def _is_known_broken(self) -> bool:
        """Whether nothing of it could be run before: then it fails in the same way without a GPU."""
        tried = [session for session in self._sessions.values() if session.generation]
        return bool(tried) and all(session.load_error is not None for session in tried)

    @property
    def imported(self) -> bool:
        """Once finished: whether at least one sandbox could load the submission, or none had to."""
        return self._was_loaded or self.load_error is None

    def end_session(self, session: Session) -> None:
        """Stop its sandbox and keep what it used."""
        session.stop()
        self._usages += session.usages
        session.usages.clear()
        self.skipped = {**session.skipped, **self.skipped}
        self._was_loaded |= session.generation > 0 and session.load_error is None
        if session.load_error is not None:
            self.load_error = session.load_error
        elif session.salvage is not None:
            self._salvages.append(session.salvage)

    def finish(self) -> None:
        """Stop every sandbox."""
        for session in self._sessions.values():
            self.end_session(session)
        self._sessions.clear()

    def calls(self) -> int:
        """How many requests were made so far."""
        return sum(session.calls for session in self._sessions.values())

    def received(self) -> int:
        """How many bytes of tensors and files came in this test."""
        return sum(session.received for session in self._sessions.values())

    def set_deadline(self, seconds: float | None) -> None:
        """Give the test that starts now so much time, or none."""
        self._deadline = None if seconds is None else time.monotonic() + seconds
        for session in self._sessions.values():
            session.begin_test(self._deadline)

    def drain_output(self) -> str:
        """What the submission printed since the last call."""
        return "".join(session.drain_output() for session in self._sessions.values())

    @property
    def usages(self) -> tuple[Usage, ...]:
        """What each ended sandbox used."""
        return tuple(self._usages)

    @property
    def salvage(self) -> Salvage | None:
        """Why and how the file was salvaged, if it was."""
        return self._salvages[0] if self._salvages else None

    def test_seed(self, test_id: str) -> int:
        """The seed of one test: from the grading's seed and the test's id, whatever other tests run."""
        digest = hashlib.sha256(f"{self.seed}/{test_id}".encode()).digest()
        return int.from_bytes(digest[:8], "little") >> 1
