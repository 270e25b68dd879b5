"""Objects of alice's and of her course, for the routes' paths."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from papers import give_draft, give_papers, give_report
from route_table import Asker
from sqlalchemy import select
from starlette.testclient import TestClient
from world import World, make_world

from api.app import create_app
from api.db.base import new_id, now
from api.db.engine import Database
from api.db.models import ApiToken, Assignment, Extension, Grading, Group, GroupMember, Invitation, Job
from api.db.queue import JobState
from api.settings import Settings


@dataclass(frozen=True)
class Running:
    """One application for all tests of this folder: making it takes a second. `ids` are the paths' words."""

    app: FastAPI
    client: TestClient
    world: World
    ids: dict[str, object]
    saved: Path

    def restore(self) -> None:
        """Undo what a test did."""
        file = Path(str(self.world.database.url.database))
        for database in (self.world.database, self.app.state.services.database):
            database.close()
        for suffix in ("-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        shutil.copy(self.saved, file)
        self.client.cookies.clear()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Running]:
    """The application, everybody, and alice's objects."""
    home = tmp_path_factory.mktemp("home")
    shutil.copy(sqlite_template, home / "tensorgrade.sqlite")
    settings = Settings(_env_file=None, home=home, rate_limits=False)
    world = make_world(settings, Database(settings.database))
    ids = _objects(world)
    world.database.close()  # everything is in the one file now
    saved = shutil.copy(home / "tensorgrade.sqlite", home / "saved")
    app = create_app(settings)
    with TestClient(
        app, base_url=settings.url, follow_redirects=False, raise_server_exceptions=False
    ) as client:
        yield Running(app, client, world, ids, saved)
    world.database.close()


@pytest.fixture
def world(running: Running) -> Iterator[World]:
    """As elsewhere; what the test changes is undone."""
    yield running.world
    running.restore()


@pytest.fixture
def app(running: Running) -> FastAPI:
    """As elsewhere."""
    return running.app


@pytest.fixture
def client(running: Running) -> TestClient:
    """As elsewhere."""
    return running.client


@pytest.fixture
def ids(running: Running) -> dict[str, object]:
    """Every name that a path may have -> alice's, or her course's, or bob as another member."""
    return running.ids


@pytest.fixture
def made_up(ids: dict[str, object]) -> dict[str, object]:
    """The same names with ids that nothing has. A number is no secret: it stays."""
    return {name: value if isinstance(value, int) else uuid.uuid4() for name, value in ids.items()}


@pytest.fixture
def ask(client: TestClient, app: FastAPI) -> Asker:
    """Asks the application."""
    return Asker(client, app.openapi())


def _objects(world: World) -> dict[str, object]:
    """Every name that a path may have -> alice's, or her course's, or bob as another member."""
    submission = world.submission("alice")
    group = Group(id=new_id(), assignment_id=world.ids["vu_dl_a3"], name="team")
    token = ApiToken(
        id=new_id(),
        user_id=world.ids["alice"],
        name="hers",
        prefix="tg_",
        token_hash="0" * 64,
        scopes=["read"],
        expires_at=now() + timedelta(days=1),
    )
    invitation = Invitation(
        id=new_id(),
        course_id=world.ids["dl101"],
        token_hash=hashlib.sha256(b"its-secret").hexdigest(),
        role="student",
        expires_at=now() + timedelta(days=1),
    )
    with world.database.read() as session:
        assignment = session.get_one(Assignment, world.ids["vu_dl_a3"])
        grading = session.scalars(select(Grading.id).where(Grading.submission_id == submission)).one()
    job = Job(
        id=new_id(),
        grading_id=grading,
        submission_id=submission,
        user_id=world.ids["alice"],
        stage="quick",
        queue="quick",
        state=JobState.DEAD,
        error="It broke.",
        deadline_at=now() + timedelta(days=1),
    )
    world.add(group, token, invitation, job)
    world.add(
        *[
            GroupMember(group_id=group.id, user_id=world.ids[name], assignment_id=world.ids["vu_dl_a3"])
            for name in ("alice", "bob")
        ],
        Extension(assignment_id=world.ids["vu_dl_a3"], user_id=world.ids["bob"], reason="ill"),
    )
    give_papers(world)
    for name in ("alice", "bob"):
        give_draft(world, name, size="2x3")
    return {
        "course": world.ids["dl101"],
        "assignment": world.ids["vu_dl_a3"],
        "submission": submission,
        "report": give_report(world, "alice"),
        "number": 1,
        "item": "figures",
        "user": world.ids["bob"],
        "user_id": world.ids["bob"],
        "group": group.id,
        "token": "its-secret",
        "token_id": token.id,
        "invitation_id": invitation.id,
        "job": job.id,
        "version": assignment.spec_version_id,
    }
