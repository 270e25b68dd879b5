"""A small university to test in: one course with two assignments, another course, and the people in them.

    dl101   admin (administrator, not enrolled), instructor, ta, alice, bob
    other   oscar (instructor), carol (student)

Rows are inserted as they are, so that a fault in a feature fails that feature's tests only.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import argon2
from sqlalchemy import select

from api.accounts.actor import Scope
from api.db.base import new_id, now
from api.db.engine import Database
from api.db.models import (
    ApiToken,
    Assignment,
    Base,
    Blob,
    Course,
    Enrolment,
    Grading,
    SpecVersion,
    Submission,
    TestRow,
    User,
    WebSession,
)
from api.db.submissions import State
from api.settings import Settings
from grader import assignment as specs
from grader.scoring.model import Environment, Score, SubmissionInfo, TestResult, TestStatus, Visibility

PASSWORD = "correct horse battery"  # noqa: S105 - of everybody in the tests
ROLES = {
    "dl101": {"instructor": "instructor", "ta": "ta", "alice": "student", "bob": "student"},
    "other": {"oscar": "instructor", "carol": "student"},
}
ASSIGNMENTS = (  # course, slug, spec
    ("dl101", "vu_dl_a3", "vu_dl_a3"),
    ("dl101", "ift6390_hw3", "ift6390_hw3"),
    ("other", "other_a3", "vu_dl_a3"),
)
RIGHT = (specs.REPOSITORY / "reference/vu_dl_a3/solution.py").read_bytes()


@dataclass(frozen=True)
class World:
    """What is there. `ids` has the users, courses and assignments by their short names."""

    settings: Settings
    database: Database
    ids: dict[str, uuid.UUID]

    def token(self, name: str, *scopes: Scope) -> dict[str, str]:
        """The header of a request by this user; all scopes unless some are given."""
        text = "tg_" + secrets.token_urlsafe(32)
        with self.database.write() as session:
            session.add(
                ApiToken(
                    user_id=self.ids[name],
                    name="test",
                    prefix=text[:10],
                    token_hash=hashlib.sha256(text.encode()).hexdigest(),
                    scopes=[str(scope) for scope in scopes or tuple(Scope)],
                    expires_at=now() + timedelta(days=1),
                )
            )
        return {"Authorization": f"Bearer {text}"}

    def browser(self, name: str) -> dict[str, str]:
        """The headers of a request by this user's signed-in browser, from the service's own page."""
        text, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        digest = hashlib.sha256(text.encode()).hexdigest()
        ends = now() + timedelta(days=1)
        self.add(WebSession(token_hash=digest, user_id=self.ids[name], csrf_token=csrf, expires_at=ends))
        return {
            "Cookie": f"tensorgrade_session={text}",
            "X-CSRF-Token": csrf,
            "Sec-Fetch-Site": "same-origin",
        }

    def email(self, name: str) -> str:
        """Their address."""
        return f"{name}@example.edu"

    def add(self, *rows: Base) -> None:
        """Insert rows."""
        with self.database.write() as session:
            session.add_all(rows)

    def set(self, kind: type[Base], identifier: uuid.UUID | str, **columns: Any) -> None:
        """Change columns of one row. For users, courses and assignments their short name will do."""
        key = self.ids.get(identifier, identifier) if isinstance(identifier, str) else identifier
        with self.database.write() as session:
            row = session.get_one(kind, key)
            for column, value in columns.items():
                setattr(row, column, value)

    def blob(self, content: bytes) -> str:
        """Keep an upload as the service would; returns its digest."""
        from api.blobs import BlobStore

        with BlobStore(self.settings.blobs).receive() as receiving:
            receiving.write(content)
            digest, size = receiving.finish()
        with self.database.write() as session:
            if session.get(Blob, digest) is None:
                session.add(Blob(digest=digest, size=size))
        return digest

    def submission(self, user: str, assignment: str = "vu_dl_a3", **columns: Any) -> uuid.UUID:
        """A submission that is there already: graded with 8 of 10 points unless the columns say else.

        `content` is what was uploaded; all other arguments are columns of `Submission`.
        """
        content = columns.pop("content", RIGHT)
        values = {"state": State.GRADED, "score": 8.0, "max_score": 10.0, "file_name": "conv.py"} | columns
        graded = values["state"] == State.GRADED
        submission = Submission(
            id=values.pop("id", None) or new_id(),
            assignment_id=self.ids[assignment],
            user_id=self.ids[user],
            blob_digest=self.blob(content),
            size=len(content),
            **values,
        )
        grading = Grading(id=new_id(), submission_id=submission.id, seed=1)
        submission.grading_id = grading.id
        rows: list[Base] = []
        if graded:
            score = make_score(_spec_of(assignment), submission.score, submission.max_score)
            grading.score, grading.max_score, grading.finished_at = score.score, score.max_score, now()
            grading.score_json = score.model_dump(mode="json", by_alias=True)
            grading.tests_total = len(score.tests)
            rows = list(_test_rows(grading, score))
        with self.database.write() as session:
            for some in ([submission], [grading], rows):  # no relationships: the order is ours
                session.add_all(some)
                session.flush()
        return submission.id

    def state(self, submission: uuid.UUID) -> str:
        """Where a submission is now."""
        with self.database.read() as session:
            return session.scalars(select(Submission.state).where(Submission.id == submission)).one()


def make_world(settings: Settings, database: Database) -> World:
    """Insert everybody and everything."""
    ids: dict[str, uuid.UUID] = {}
    with database.write() as session:
        versions = {spec: _spec_version(spec) for _course, _slug, spec in ASSIGNMENTS}
        users = {name: _user(name) for name in ("admin", *ROLES["dl101"], *ROLES["other"])}
        courses = {slug: Course(slug=slug, name=f"Course {slug}") for slug in ROLES}
        session.add_all([*versions.values(), *users.values(), *courses.values()])
        session.flush()
        for slug, roles in ROLES.items():
            for name, role in roles.items():
                session.add(Enrolment(course_id=courses[slug].id, user_id=users[name].id, role=role))
        for position, (course, slug, spec) in enumerate(ASSIGNMENTS):
            assignment = Assignment(
                course_id=courses[course].id,
                slug=slug,
                spec=spec,
                title=versions[spec].title,
                position=position,
                spec_version_id=versions[spec].id,
            )
            session.add(assignment)
            session.flush()
            ids[slug] = assignment.id
        ids |= {name: row.id for name, row in (users | courses).items()}
    return World(settings, database, ids)


def make_score(assignment: str, score: float | None, max_score: float) -> Score:
    """Four tests, one of each visibility. What students never see of the hidden one says HIDDEN."""
    shares = (
        ("visible", "shown"),
        ("hidden", "HIDDEN"),
        ("after_due_date", "LATER"),
        ("after_published", "LAST"),
    )
    return Score(
        assignment=assignment,
        spec_version=_spec(assignment).spec_version,
        score=score,
        max_score=max_score,
        tests=tuple(
            TestResult(
                id=f"test_world.py::test_{visibility}",
                name=f"The {visibility} test.",
                status=TestStatus.FAILED,
                score=(score or 0.0) / 4,
                max_score=max_score / 4,
                visibility=Visibility(visibility),
                hints=(f"A hint of the {visibility} test.",),
                output=f"{word} OUTPUT",
                stdout=f"{word} STDOUT",
            )
            for visibility, word in shares
        ),
        submission=SubmissionInfo(sha256="0" * 64, name="conv.py"),
        seed=1,
        environment=Environment(
            tensorgrade="0", python="3.11", torch="2", numpy="2", platform="linux", backend="local"
        ),
    )


def _test_rows(grading: Grading, score: Score) -> list[TestRow]:
    return [
        TestRow(
            grading_id=grading.id,
            stage="quick",
            attempt=1,
            position=position,
            test_id=test.id,
            status=test.status,
            score=test.score,
            max_score=test.max_score,
            visibility=test.visibility,
            result=test.model_dump(mode="json"),
        )
        for position, test in enumerate(score.tests)
    ]


def _user(name: str) -> User:
    return User(
        email=f"{name}@example.edu",
        name=name.title(),
        password_hash=_password_hash(),
        is_admin=name == "admin",
    )


@lru_cache
def _password_hash() -> str:
    return argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


def _spec_of(slug: str) -> str:
    return next(spec for _course, known, spec in ASSIGNMENTS if known == slug)


@lru_cache
def _spec(name: str) -> specs.Assignment:
    return specs.load(name)


def _spec_version(name: str) -> SpecVersion:
    spec = _spec(name)
    return SpecVersion(
        spec=name,
        digest=spec.spec_version,
        title=spec.config.title,
        config=spec.config.model_dump(mode="json"),
    )
