"""The queue: what waits, what failed, and another try."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from api.db.queue import Job

_MOST = 50


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("jobs")(jobs)
    app.command("dead")(dead)
    app.command("retry")(retry)
    app.command("requeue")(requeue)
    app.command("regrade")(regrade)


def jobs(
    state: Annotated[str | None, typer.Option(help="queued, leased, blocked, done, dead, cancelled.")] = None,
    most: Annotated[int, typer.Option(help="How many to list.", min=1, max=1000)] = _MOST,
) -> None:
    """List jobs, by default those that wait or run; the number of each kind and the workers on stderr."""
    from sqlalchemy import select

    from api.db.queue import Job, JobState
    from api.ops.connect import services

    if state is not None and state not in set(JobState):
        raise typer.BadParameter(f"a state is one of {', '.join(JobState)}")
    states = (state,) if state else (JobState.LEASED, JobState.QUEUED, JobState.BLOCKED)
    with services() as opened, opened.database.read() as session:
        query = select(Job).where(Job.state.in_(states)).order_by(Job.queue, Job.state, Job.rank, Job.id)
        _print(session, session.scalars(query.limit(most)).all())
        for line in _summary(session):
            typer.echo(line, err=True)


def dead(most: Annotated[int, typer.Option(help="How many to list.", min=1, max=1000)] = _MOST) -> None:
    """List the jobs that were given up, newest first, each with its reason."""
    from sqlalchemy import select

    from api.db.queue import Job, JobState
    from api.ops.connect import services

    with services() as opened, opened.database.read() as session:
        query = select(Job).where(Job.state == JobState.DEAD).order_by(Job.finished_at.desc(), Job.id.desc())
        _print(session, session.scalars(query.limit(most)).all())


def retry(
    job: Annotated[str | None, typer.Argument(help="The id of a dead job.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead job.")] = False,
) -> None:
    """Give dead jobs another try."""
    from sqlalchemy import select

    from api.audit import record
    from api.db.queue import Job, JobState
    from api.ops.connect import services
    from api.queue.dead import retry as retry_one
    from grader.errors import UsageError

    with services() as opened:
        if everything == (job is not None):
            raise UsageError("Name one job, or give --all.")
        with opened.database.read() as session:
            dead_ids = session.scalars(select(Job.id).where(Job.state == JobState.DEAD)).all()
        for identifier in dead_ids if job is None else [_uuid(job)]:
            with opened.database.write() as session:
                queues = retry_one(session, identifier, opened.settings)
                record(session, None, "job.retry", "job", identifier)
            for queue in queues:
                opened.doorbell.ring(queue)
            typer.echo(f"{identifier} is queued again.")


def requeue(job: Annotated[str, typer.Argument(help="The id of a job that a worker holds.")]) -> None:
    """Take a job from a worker that hangs: what that one still sends is refused."""
    from sqlalchemy import select

    from api.audit import record
    from api.db.queue import Job, JobState
    from api.ops.connect import services
    from api.queue.states import wait_again
    from grader.errors import UsageError

    with services() as opened:
        query = select(Job).where(Job.id == _uuid(job), Job.state == JobState.LEASED).with_for_update()
        with opened.database.write() as session:
            held = session.scalar(query)
            if held is None:
                raise UsageError("That job is not held by a worker: see `tensorgrade admin jobs`.")
            worker, queue = held.worker, held.queue
            wait_again(session, held, opened.settings)
            record(session, None, "job.requeue", "job", held.id, worker=worker)
        opened.doorbell.ring(queue)
        typer.echo(f"{job} was taken from {worker}.")


def regrade(
    submissions: Annotated[list[str] | None, typer.Argument(help="Ids of submissions.")] = None,
    assignment: Annotated[str | None, typer.Option(help="All of this assignment (its id).")] = None,
) -> None:
    """Grade submissions again, with the version of the specs that their assignment has now."""
    from api.ops.connect import services
    from api.ops.regrade import regrade_one, submissions_of
    from grader.errors import UsageError

    with services() as opened:
        if bool(submissions) == (assignment is not None):
            raise UsageError("Name submissions, or one --assignment.")
        with opened.database.read() as session:
            named = [_uuid(one) for one in submissions or ()]
            wanted = submissions_of(session, _uuid(assignment)) if assignment else named
        done = sum(regrade_one(opened, identifier) for identifier in wanted)
        typer.echo(f"{done} will be graded again; {len(wanted) - done} are being graded now.")


def _print(session: Session, jobs: Sequence[Job]) -> None:
    from api.db.base import now
    from api.db.submissions import Submission

    for job in jobs:
        age = (now() - job.queued_at).total_seconds()
        submission = session.get(Submission, job.submission_id)
        who = f"{submission.assignment.slug} {submission.user.email}" if submission else ""
        line = (
            f"{job.id}  {job.state:9} {job.queue:5} {job.stage:5} {age:8.0f} s  attempt {job.attempt}  {who}"
        )
        typer.echo(f"{line}  {job.error}" if job.error else line)


def _summary(session: Session) -> list[str]:
    from sqlalchemy import func, select

    from api.db.queue import Job, Worker

    counts = session.execute(
        select(Job.queue, Job.state, func.count())
        .group_by(Job.queue, Job.state)
        .order_by(Job.queue, Job.state)
    )
    lines = [f"{queue} {state}: {count}" for queue, state, count in counts]
    for worker in session.scalars(select(Worker).order_by(Worker.name)):
        places = f"{worker.running} of {worker.concurrency} running"
        lines.append(
            f"worker {worker.name}: {worker.queues}, {places}, seen {worker.seen_at:%Y-%m-%d %H:%M:%S} UTC"
        )
    return lines


def _uuid(text: str) -> uuid.UUID:
    from grader.errors import UsageError

    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise UsageError(f"{text} is no id.") from error
