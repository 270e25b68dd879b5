"""Drafts of written answers, and handing them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts.actor import Actor
from api.answers import toml
from api.answers.models import MOST_BYTES
from api.courses.access import AssignmentAccess
from api.courses.checks import unique
from api.db.answers import AnswerDraft
from api.db.base import now
from api.db.courses import SpecVersion
from api.errors import Conflict, NotFound, TooLarge, Unprocessable
from api.policies import Policy
from api.services import Services
from api.submissions.checks import config_of
from api.submissions.form import File
from api.submissions.packing import packed
from api.submissions.service import Accepted, enter_file
from grader.answers import Sheet, stored
from grader.intake.answers import FILE_NAME


@dataclass(frozen=True)
class Draft:
    """What somebody has saved, and what is wrong with its form."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    saved_at: datetime | None = None
    problems: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def sheet_of(version: SpecVersion) -> Sheet | None:
    """The questions of an assignment, without right answers; None where it asks none."""
    return _restored(version.questions)


def require_sheet(access: AssignmentAccess) -> Sheet:
    """The same. Raises `NotFound` where there is none."""
    sheet = sheet_of(access.assignment.spec_version)
    if sheet is None:
        raise NotFound("This assignment asks no questions.", kind="no-questions")
    return sheet


def find(session: Session, actor: Actor, access: AssignmentAccess) -> Draft:
    """The actor's draft; an empty one if nothing was saved."""
    row = _row(session, actor, access)
    return _judged(require_sheet(access), row.answers if row else {}, row.saved_at if row else None)


def save(session: Session, actor: Actor, access: AssignmentAccess, answers: Mapping[str, Any]) -> Draft:
    """Keep a draft in the place of the one before. It need not be right, nor readable, yet.

    Raises:
        Unprocessable: an answer to a question that there is not.
        TooLarge: too many bytes.
    """
    sheet = require_sheet(access)
    kept = _checked(sheet, answers)
    row = _row(session, actor, access)
    with unique(session, "You are saving this in another window right now: try again."):
        if row is None:
            row = AnswerDraft(assignment_id=access.assignment.id, user_id=actor.user_id)
            session.add(row)
        row.answers, row.saved_at = kept, now()
    return _judged(sheet, kept, row.saved_at)


def hand_in(
    services: Services,
    actor: Actor,
    access: AssignmentAccess,
    key: str | None = None,
    *,
    despite_problems: bool = False,
) -> Accepted:
    """Make a submission of the actor's draft, as an upload of answers.toml would.

    Raises:
        Conflict: nothing was saved.
        Unprocessable: answers that cannot be read, unless they are handed in `despite_problems`.
        Forbidden, Conflict: the policy says no, or the key was used for something else.
    """
    with services.database.read() as session:
        draft = find(session, actor, access)
    if not draft.answers:
        raise Conflict("There is nothing to hand in yet: save your answers first.", kind="no-answers")
    if draft.problems and not despite_problems:
        raise Unprocessable(
            "Some answers cannot be read, and would earn nothing. Correct them, or hand in as it is.",
            kind="unreadable-answers",
            problems=list(draft.problems),
        )
    policy = Policy.model_validate(access.assignment.policy)
    code = config_of(access.assignment.spec_version, policy).code
    receiving = services.blobs.receive()
    with receiving:
        receiving.write(toml.write(draft.answers).encode("utf-8"))
        handed = packed([File(FILE_NAME, receiving)], services.blobs, code)
    with handed.content:
        return enter_file(services, actor, access, handed, key)


@lru_cache(maxsize=64)
def _restored(text: str) -> Sheet | None:
    return stored.restore(text)


def _row(session: Session, actor: Actor, access: AssignmentAccess) -> AnswerDraft | None:
    return session.scalar(
        select(AnswerDraft).where(
            AnswerDraft.assignment_id == access.assignment.id, AnswerDraft.user_id == actor.user_id
        )
    )


def _judged(sheet: Sheet, answers: Mapping[str, Any], saved_at: datetime | None) -> Draft:
    return Draft(answers, saved_at, tuple(sheet.problems(answers)), sheet.missing(answers))


def _checked(sheet: Sheet, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers in the order of the questions, as they may be kept."""
    known = [question.key for question in sheet.questions]
    unknown = [key for key in answers if key not in known]
    if unknown:
        listed = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
        raise Unprocessable(
            f"There is no question {unknown[0][:60]!r}. There are: {listed}.", kind="unknown-question"
        )
    kept = {key: answers[key] for key in known if key in answers}
    try:
        size = len(toml.write(kept).encode("utf-8"))
    except ValueError as error:
        raise Unprocessable("An answer has half a character in it: type it again.") from error
    if size > MOST_BYTES:
        raise TooLarge(
            f"Your answers take {size:,} bytes; {MOST_BYTES:,} can be kept. Write shorter ones.",
            most=MOST_BYTES,
        )
    return kept
