"""The command line of the service: sentences instead of tracebacks, exit statuses."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from api.cli import app
from api.db.base import now
from api.db.models import Job, Submission

REPOSITORY = Path(__file__).parents[3]


@dataclass
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(service_settings):
    """Run a command against the test's service; in this process, which is faster than one of its own."""

    def call(*arguments, text="", **environment):
        given = {
            "TENSORGRADE_HOME": str(service_settings.home),
            "DATABASE_URL": service_settings.database,
            "COLUMNS": "200",
        }
        result = CliRunner().invoke(app, list(map(str, arguments)), input=text, env=given | environment)
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    return call


def job_of(world, database, **columns):
    submission = world.submission("alice", state=columns.pop("of", "grading"))
    with database.write() as session:
        row = session.get(Submission, submission)
        job = Job(
            grading_id=row.grading_id,
            submission_id=submission,
            user_id=world.ids["alice"],
            stage="quick",
            queue="quick",
            deadline_at=now(),
            **columns,
        )
        session.add(job)
    return job.id


def state_of(database, identifier):
    with database.read() as session:
        return session.get(Job, identifier).state


def test_help_names_everything(run):
    text = run("--help").stdout
    for command in (
        "grade",
        "check",
        "doctor",
        "serve",
        "worker",
        "api",
        "migrate",
        "admin",
        "submit",
        "login",
    ):
        assert re.search(rf"\b{command}\b", text), command


def test_the_engines_commands_load_nothing_of_the_service():
    program = (
        "import sys; sys.argv = ['tensorgrade', 'assignments']\n"
        "import api.cli\n"
        "try: api.cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'fastapi', 'celery', 'uvicorn', 'pydantic_settings'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, check=True, timeout=60, stdout=subprocess.DEVNULL
    )


def test_accounts(run):
    made = run("admin", "create-user", "New@Example.edu", "--admin", text="a long enough password\n")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("new@example.edu ")
    again = run("admin", "create-user", "new@example.edu", text="a long enough password\n")
    assert again.returncode == 2
    assert "already" in again.stderr
    assert run("admin", "set-password", "new@example.edu", text="short\n").returncode == 2
    assert run("admin", "set-password", "new@example.edu", text="another long password\n").returncode == 0
    assert run("admin", "set-password", "nobody@example.edu", text="another long password\n").returncode == 2


def test_a_token_opens_what_its_scopes_say(run, world, client):
    secret = run("admin", "token", world.email("alice"), "--scopes", "read").stdout.strip()
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert run("admin", "token", world.email("alice"), "--scopes", "everything").returncode == 2
    assert run("admin", "token", "nobody@example.edu").returncode == 2


def test_the_demo_is_for_empty_services(run):
    made = run("admin", "demo")
    assert made.returncode == 0, made.stderr
    assert "student@example.edu" in made.stdout
    again = run("admin", "demo")
    assert again.returncode == 2
    assert "users already" in again.stderr
    assert run("admin", "sync").stdout == "Nothing is new.\n"


def test_jobs_that_a_worker_holds_can_be_taken_away(run, world, database):
    held = job_of(world, database, state="leased", attempt=1, worker="w1", lease_until=now())
    listed = run("admin", "jobs")
    assert str(held) in listed.stdout
    assert "alice@" in listed.stdout
    assert "quick leased: 1" in listed.stderr
    assert run("admin", "requeue", held).returncode == 0
    assert state_of(database, held) == "queued"
    assert run("admin", "requeue", held).returncode == 2
    assert run("admin", "requeue", "nonsense").returncode == 2


def test_dead_letters_get_another_try(run, world, database):
    one = job_of(world, database, of="failed", state="dead", error="infrastructure: no sandbox", attempt=3)
    assert "infrastructure: no sandbox" in run("admin", "dead").stdout
    assert run("admin", "retry").returncode == 2
    retried = run("admin", "retry", "--all")
    assert retried.returncode == 0, retried.stderr
    assert state_of(database, one) == "queued"
    assert run("admin", "retry", one).returncode == 2


def test_regrade_one_and_all(run, world, database):
    submission = world.submission("alice", state="graded")
    done = run("admin", "regrade", submission)
    assert done.returncode == 0, done.stderr
    with database.read() as session:
        jobs = session.scalars(select(Job).where(Job.submission_id == submission)).all()
    assert {job.state for job in jobs} <= {"queued", "blocked"}
    assert jobs
    every = run("admin", "regrade", "--assignment", world.ids["vu_dl_a3"])
    assert every.returncode == 0, every.stderr
    assert run("admin", "regrade").returncode == 2


def test_backup_verify_restore(run, world, tmp_path):
    target = tmp_path / "all.tar"
    written = run("admin", "backup", target)
    assert written.returncode == 0, written.stderr
    assert run("admin", "verify", target).stdout == "All is well.\n"
    assert run("admin", "verify").returncode == 0
    assert run("admin", "restore", target).returncode == 2
    elsewhere = {"TENSORGRADE_HOME": str(tmp_path / "other"), "DATABASE_URL": ""}
    restored = run("admin", "restore", target, **elsewhere)
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.removeprefix("Restored") == written.stdout.removeprefix(str(target))


def test_without_tables_commands_say_what_to_do(run, tmp_path):
    elsewhere = {"TENSORGRADE_HOME": str(tmp_path / "empty"), "DATABASE_URL": ""}
    refused = run("admin", "jobs", **elsewhere)
    assert refused.returncode == 2
    assert "tensorgrade migrate" in refused.stderr
    assert run("migrate", **elsewhere).returncode == 0
    assert run("admin", "jobs", **elsewhere).returncode == 0


def test_a_database_that_is_away_is_a_sentence(run):
    away = run("admin", "jobs", DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
    assert away.returncode == 3
    assert "The database does not answer" in away.stderr
