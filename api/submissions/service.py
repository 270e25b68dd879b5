"""Accepts uploads: nothing is answered or rung before it is on the disk and in the database.

bytes -> scratch file -> checks -> blob (fsync) -> one transaction: policy, rows, jobs -> ring
"""

from __future__ import annotations

import re
import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from api import audit
from api.accounts.actor import Actor
from api.courses.access import AssignmentAccess, SubmissionAccess
from api.db.base import now
from api.db.queue import UNFINISHED, Job
from api.db.submissions import Blob, Grading, State, Submission
from api.errors import BadRequest, Conflict
from api.policies import Policy
from api.queue.enqueue import enqueue
from api.services import Services
from api.submissions import combining, quota
from api.submissions.checks import check, config_of
from api.submissions.combining import Whole
from api.submissions.form import Caps, Form
from api.submissions.packing import HandedIn, one_file
from api.submissions.quota import Student
from grader.assignment import AssignmentConfig

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_SEED_BITS = 31


@dataclass(frozen=True)
class Stored:
    """A file that is safe in the store."""

    name: str
    digest: str
    size: int


@dataclass(frozen=True)
class Accepted:
    """What became of an upload. `is_new`: False if it had been accepted before, by its idempotency key."""

    submission: Submission
    grading: Grading | None
    is_new: bool
    warnings: tuple[str, ...] = ()


def caps_for(services: Services, access: AssignmentAccess) -> Caps:
    """What an upload to this assignment may bring."""
    policy = Policy.model_validate(access.assignment.policy)
    code = config_of(access.assignment.spec_version, policy).code
    settings = services.settings
    return Caps(min(settings.upload_bytes, code.max_bytes), min(settings.upload_files, code.max_files))


def hand_in(
    services: Services, actor: Actor, access: AssignmentAccess, form: Form, key: str | None = None
) -> Accepted:
    """Check what a form brought, keep it, and line it up for grading. `key` is the idempotency key.

    Raises:
        Unprocessable, Unsupported: it cannot be graded; the sentence says what to change.
        Forbidden, Conflict: not now, or the key was used for something else.
    """
    policy = Policy.model_validate(access.assignment.policy)
    code = config_of(access.assignment.spec_version, policy).code
    handed = one_file(form.files, services.blobs, policy.accept, code)
    with handed.content:
        return enter_file(services, actor, access, handed, key)


def enter_file(
    services: Services, actor: Actor, access: AssignmentAccess, handed: HandedIn, key: str | None = None
) -> Accepted:
    """Check a file, keep it, and line it up for grading, with what it leaves as it was handed in before.

    Raises:
        Unprocessable: it cannot be graded; the sentence says what to change.
        Forbidden, Conflict: not now, or the key was used for something else.
    """
    key = _valid_key(key)
    config = config_of(access.assignment.spec_version, Policy.model_validate(access.assignment.policy))
    whole = _whole(services, actor, access, handed, config, key)
    with whole.handed.content as content:
        warnings = check(whole.handed.name, content.read(), config)
        stored = Stored(whole.handed.name, *content.finish())
    return accept(services, actor, access, stored, key, (*([whole.note] if whole.note else []), *warnings))


def _whole(
    services: Services,
    actor: Actor,
    access: AssignmentAccess,
    handed: HandedIn,
    config: AssignmentConfig,
    key: str | None,
) -> Whole:
    """Where there are answers beside code, either may come alone."""
    if not config.answers:
        return Whole(handed)
    policy = Policy.model_validate(access.assignment.policy)
    with services.database.read() as session:
        student = Student(actor.user_id, quota.group_of(session, access.assignment, policy, actor.user_id))
        is_test = access.is_staff
        earlier = combining.newest(session, access.assignment.id, student, is_test=is_test, key=key)
    return combining.joined(handed, earlier, services.blobs, config.code)


def accept(
    services: Services,
    actor: Actor,
    access: AssignmentAccess,
    stored: Stored,
    key: str | None = None,
    warnings: tuple[str, ...] = (),
) -> Accepted:
    """Enter a stored file as a submission, and ring once that is committed.

    Raises:
        Forbidden, Conflict: the policy says no, or the key was used for something else.
    """
    policy = Policy.model_validate(access.assignment.policy)

    def enter(session: Session) -> tuple[Accepted, list[str]]:
        session.add(access.assignment)  # loaded already
        student = Student(actor.user_id, quota.group_of(session, access.assignment, policy, actor.user_id))
        quota.lock(session, student)
        earlier = _earlier(session, access, student, stored, key)
        if earlier is not None:
            return Accepted(earlier, None, is_new=False, warnings=warnings), []
        moment = now()
        if not access.is_staff:
            quota.require_permission(session, access.assignment, policy, student, moment)
        keep_blob(session, stored)
        submission = Submission(
            assignment=access.assignment,
            user_id=student.user_id,
            group_id=student.group_id,
            blob_digest=stored.digest,
            file_name=stored.name,
            size=stored.size,
            received_at=moment,
            idempotency_key=key,
            is_test=access.is_staff,
        )
        grading, queues = _line_up(session, services, submission, new_seed())
        return Accepted(submission, grading, is_new=True, warnings=warnings), queues

    accepted, queues = services.database.write_shared(enter)
    for queue in queues:
        services.doorbell.ring(queue)
    return accepted


def regrade(
    services: Services, actor: Actor, access: SubmissionAccess, *, fresh_seed: bool = False
) -> Grading:
    """Grade a submission again, by default with the same seed. Its score stays until the new one is there.

    Raises:
        Conflict: it is being graded.
    """
    with services.database.write() as session:
        submission = session.get_one(Submission, access.submission.id, with_for_update={"of": Submission})
        if _is_being_graded(session, submission):
            raise Conflict("It is being graded already: wait for its score.", kind="being-graded")
        last = session.get(Grading, submission.grading_id) if submission.grading_id else None
        seed = new_seed() if fresh_seed or last is None else last.seed
        grading, queues = _line_up(session, services, submission, seed, turn_of=actor.user_id)
        audit.record(
            session,
            actor.user_id,
            "submission.regrade",
            "submission",
            submission.id,
            access.course.id,
            grading=grading.id,
        )
    for queue in queues:
        services.doorbell.ring(queue)
    return grading


def new_seed() -> int:
    """Of the inputs that tests draw."""
    return secrets.randbits(_SEED_BITS)


def _is_being_graded(session: Session, submission: Submission) -> bool:
    """Also again: its state stays `graded` then."""
    running = select(Job.id).where(Job.submission_id == submission.id, Job.state.in_(UNFINISHED)).limit(1)
    return submission.state in (State.QUEUED, State.GRADING) or session.scalar(running) is not None


def _line_up(
    session: Session,
    services: Services,
    submission: Submission,
    seed: int,
    turn_of: uuid.UUID | None = None,
) -> tuple[Grading, list[str]]:
    version = submission.assignment.spec_version
    grading = Grading(seed=seed, spec_version=version.digest)
    return grading, enqueue(session, grading, submission, version, services.settings, turn_of=turn_of)


def _valid_key(key: str | None) -> str | None:
    if key is not None and _KEY.fullmatch(key) is None:
        raise BadRequest("Idempotency-Key must be 1 to 200 printable ASCII characters without blanks.")
    return key


def _earlier(
    session: Session, access: AssignmentAccess, student: Student, stored: Stored, key: str | None
) -> Submission | None:
    """The submission that this key was used for. Raises `Conflict` if that was a different one."""
    if key is None:
        return None
    found = session.scalar(
        select(Submission).where(Submission.user_id == student.user_id, Submission.idempotency_key == key)
    )
    if found is not None and (found.assignment_id, found.blob_digest) != (
        access.assignment.id,
        stored.digest,
    ):
        raise Conflict(
            "This Idempotency-Key was used for another upload: choose a new one.", kind="key-reused"
        )
    return found


def keep_blob(session: Session, stored: Stored) -> None:
    """Others may enter the same bytes at the same moment."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if is_postgresql else sqlite.insert
    session.execute(
        insert(Blob)
        .values(digest=stored.digest, size=stored.size, created_at=now())
        .on_conflict_do_nothing(index_elements=["digest"])
    )
