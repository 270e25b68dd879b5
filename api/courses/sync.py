"""Brings what test_specs/ holds into the database, and moves assignments to it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.audit import record
from api.courses.marks import marks_of
from api.db.base import now
from api.db.courses import Assignment, SpecVersion
from api.db.engine import Database
from api.errors import Conflict
from grader import assignment as on_disk
from grader.answers import Sheet, stored
from grader.errors import TensorgradeError

_OLDEST_FIRST = (SpecVersion.seen_at, SpecVersion.id)


@dataclass(frozen=True)
class Report:
    """What a sync found. A spec with an error is in `errors` only; the others are not held up by it."""

    current: dict[str, uuid.UUID] = field(default_factory=dict)  # the version on disk, by spec
    added: tuple[str, ...] = ()  # specs with a version that was not known
    outdated: tuple[str, ...] = ()  # "course/assignment": those on another version than the one on disk
    errors: dict[str, str] = field(default_factory=dict)  # by spec, for its author

    def lines(self) -> list[str]:
        """For people: one sentence each, nothing if nothing happened."""
        return [
            *(f"New version of the spec {spec}." for spec in self.added),
            *(f"{name} still uses an older version of its spec." for name in self.outdated),
            *(f"The spec {spec} is left out: {error}" for spec, error in self.errors.items()),
        ]


def sync_specs(database: Database, root: Path) -> Report:
    """Have a row for each spec below `root`/test_specs as it is now. Moves no assignment."""
    read, errors = _read_all(root)
    current: dict[str, uuid.UUID] = {}
    added: list[str] = []
    for version in read:
        with database.write() as session:
            kept, is_new = _keep(session, version)
            current[kept.spec] = kept.id
        if is_new:
            added.append(version.spec)
    with database.read() as session:
        outdated = _outdated(session, current)
    return Report(current, tuple(added), outdated, errors)


def current_version(session: Session, spec: str) -> SpecVersion | None:
    """The version of a spec that was on disk at the latest sync."""
    query = select(SpecVersion).where(SpecVersion.spec == spec).order_by(*_OLDEST_FIRST)
    rows = session.scalars(query).all()
    return rows[-1] if rows else None


def current_versions(session: Session) -> list[SpecVersion]:
    """The same for every spec that there ever was, by name."""
    newest = {row.spec: row for row in session.scalars(select(SpecVersion).order_by(*_OLDEST_FIRST))}
    return [newest[spec] for spec in sorted(newest)]


def use_version(
    session: Session, actor_id: uuid.UUID | None, assignment: Assignment, version: SpecVersion
) -> bool:
    """Let an assignment use this version from its next grading on. False if it does already.

    Raises:
        Conflict: the version is one of another spec.
    """
    if version.spec != assignment.spec:
        raise Conflict(
            f"This is a version of {version.spec}; the assignment uses the spec {assignment.spec}."
        )
    if assignment.spec_version_id == version.id:
        return False
    before = assignment.spec_version.digest
    assignment.spec_version = version
    session.flush()
    record(
        session, actor_id, "assignment.use_version", "assignment", assignment.id, assignment.course_id,
        before=before, after=version.digest,
    )  # fmt: skip
    return True


def use_newest(database: Database, actor_id: uuid.UUID | None = None) -> list[str]:
    """Move every assignment to the version of its spec on disk. Returns those moved: "course/assignment"."""
    moved = []
    with database.write() as session:
        for assignment in session.scalars(select(Assignment).order_by(Assignment.id)).unique():
            version = current_version(session, assignment.spec)
            if version is not None and use_version(session, actor_id, assignment, version):
                moved.append(f"{assignment.course.slug}/{assignment.slug}")
    return moved


def _read_all(root: Path) -> tuple[list[SpecVersion], dict[str, str]]:
    read, errors = [], {}
    for name in on_disk.names(root):
        try:
            read.append(_read(name, root))
        except (TensorgradeError, SyntaxError, UnicodeDecodeError, OSError) as error:
            errors[name] = str(error)
    return read, errors


def _read(name: str, root: Path) -> SpecVersion:
    spec = on_disk.load(name, root)
    marks = marks_of(spec.folder)
    gpus = max(spec.config.limits.limits().gpus, spec.config.slow_limits.limits().gpus)
    return SpecVersion(
        spec=name,
        digest=spec.spec_version,
        title=spec.config.title[:300],
        config=spec.config.model_dump(mode="json"),
        questions=stored.store(Sheet.load(spec)),
        has_slow=not marks.isdisjoint({"slow", "gpu"}),  # the engine runs gpu tests in the slow stage
        needs_gpu="gpu" in marks or gpus > 0,
    )


def _keep(session: Session, found: SpecVersion) -> tuple[SpecVersion, bool]:
    """The row of a version that is on disk, and whether it is new."""
    try:
        with session.begin_nested():  # another process may sync at the same time
            known = _same(session, found)
            if known is None:
                session.add(found)
                session.flush()
                return found, True
    except IntegrityError:
        known = _same(session, found)
        if known is None:
            raise
    if known.questions != found.questions:  # read by another version of the service
        known.questions = found.questions
    if current_version(session, found.spec) is not known:
        known.seen_at = now()  # an author went back to it
    return known, False


def _same(session: Session, version: SpecVersion) -> SpecVersion | None:
    return session.scalar(
        select(SpecVersion).where(SpecVersion.spec == version.spec, SpecVersion.digest == version.digest)
    )


def _outdated(session: Session, current: dict[str, uuid.UUID]) -> tuple[str, ...]:
    rows = session.scalars(select(Assignment).where(Assignment.spec.in_(current)).order_by(Assignment.id))
    return tuple(
        f"{row.course.slug}/{row.slug}" for row in rows.unique() if row.spec_version_id != current[row.spec]
    )
