"""A real web server in a thread, and gradings that a test does itself, step by step, in place of a worker."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from servers import free_port, wait_for
from sqlalchemy import update
from world import World, make_score

from api.db.base import now
from api.db.queue import Job, JobState
from api.db.submissions import Grading, State, Submission, TestRow
from grader.scoring.model import Score, TestResult


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The app on a free port; gives its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started, 10, "the web server")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


class Grades:
    """Grades one submission, as slowly as a test wants."""

    def __init__(self, world: World, submission: uuid.UUID, score: Score | None = None) -> None:
        self.world, self.submission = world, submission
        self.score = score or make_score("vu_dl_a3", 8.0, 10.0)

    def begin(self) -> None:
        """A worker has it."""
        self._job(JobState.LEASED)
        self._set(Submission, state=State.GRADING)
        self._set(Grading, tests_total=len(self.score.tests))

    def test(self, position: int) -> None:
        """One test is done."""
        found: TestResult = self.score.tests[position]
        row = TestRow(
            grading_id=self._grading(),
            stage="quick",
            attempt=1,
            position=position,
            test_id=found.id,
            status=found.status,
            score=found.score,
            max_score=found.max_score,
            visibility=found.visibility,
            result=found.model_dump(mode="json"),
        )
        self.world.add(row)

    def first_stage_ends(self) -> None:
        """The quick tests are done, slow ones follow."""
        score = self.score.model_copy(update={"stage": "quick"})
        self._set(Grading, score_json=score.model_dump(mode="json", by_alias=True))

    def end(self, state: State = State.GRADED) -> None:
        """It is graded, or failed by our fault."""
        self._job(JobState.DONE)
        points = {"score": self.score.score, "max_score": self.score.max_score}
        if state == State.GRADED:
            data = self.score.model_dump(mode="json", by_alias=True)
            self._set(Grading, score_json=data, finished_at=now(), **points)
        else:
            points = {}
        self._set(Submission, state=state, **points)

    def all_of_it(self) -> None:
        """From the queue to the score."""
        self.begin()
        for position in range(len(self.score.tests)):
            self.test(position)
        self.end()

    def _grading(self) -> uuid.UUID:
        with self.world.database.read() as session:
            found = session.get_one(Submission, self.submission).grading_id
        assert found is not None
        return found

    def _set(self, kind: type[Submission] | type[Grading], **columns: object) -> None:
        self.world.set(kind, self._grading() if kind is Grading else self.submission, **columns)

    def _job(self, state: JobState) -> None:
        change = update(Job).where(Job.submission_id == self.submission).values(state=state)
        with self.world.database.write() as session:
            session.execute(change)
