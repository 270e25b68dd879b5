"""HTTP routes: standings, the gradebook and its CSV, and choosing what counts."""

from __future__ import annotations

import re
import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts.dependencies import Acting, SignedIn, Submitting
from api.courses.access import (
    AssignmentAccess,
    assignment_for,
    require_staff,
    submission_for,
)
from api.courses.models import Ref
from api.db.base import now
from api.db.courses import Enrolment
from api.errors import NotFound
from api.gradebook.choosing import choose
from api.gradebook.export import to_csv
from api.gradebook.standing import standing
from api.gradebook.table import rows, students, students_after
from api.gradebook.views import GradebookRow, Standing
from api.pagination import Page, Paging
from api.services import Running

router = APIRouter(tags=["gradebook"])

Section = Annotated[
    str | None, Query(pattern=r"^[^\x00-\x1f]{0,60}$", description="Only the students of this section.")
]


class Choice(BaseModel):
    """Which submission counts now."""

    submission: uuid.UUID
    is_chosen: bool


@router.get("/assignments/{assignment}/standing")
def get_standing(
    assignment: Ref,
    actor: SignedIn,
    services: Running,
    user: Annotated[uuid.UUID | None, Query(description="Staff: of this student.")] = None,
) -> Standing:
    """How you stand in an assignment: due date, tries and late days left, and what counts so far."""
    with services.database.read() as session:
        access = assignment_for(session, actor, assignment)
        if user is None or user == actor.user_id:
            return standing(session, access.assignment, actor.user_id, now())
        require_staff(access)
        _require_member(session, access, user)
        return standing(session, access.assignment, user, now(), as_staff=True)


@router.get("/assignments/{assignment}/gradebook")
def get_gradebook(
    assignment: Ref, actor: Acting, services: Running, paging: Paging, section: Section = None
) -> Page[GradebookRow]:
    """Staff: the grades of all students, by e-mail address."""
    with services.database.read() as session:
        access = assignment_for(session, actor, assignment)
        require_staff(access)
        listed = students_after(session, access.course.id, section, paging.after, paging.limit + 1)
        table = rows(session, access.assignment, listed)
    return paging.page(table, [one.id for one in listed])


@router.get(
    "/assignments/{assignment}/gradebook.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def get_gradebook_csv(assignment: Ref, actor: Acting, services: Running, section: Section = None) -> Response:
    """Staff: the same as one CSV file."""
    with services.database.read() as session:
        access = assignment_for(session, actor, assignment)
        require_staff(access)
        listed = students(session, access.course.id, section)
        table = rows(session, access.assignment, listed, everybody=section is None)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", f"{access.course.slug}-{access.assignment.slug}")
    return Response(
        to_csv(table, access.course.time_zone),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )


@router.post("/submissions/{submission}/choose")
def choose_submission(submission: Ref, actor: Submitting, services: Running) -> Choice:
    """Let this submission count, where the assignment leaves the choice to its students."""
    with services.database.write() as session:
        access = submission_for(session, actor, submission)
        choose(session, access, actor.user_id)
        return Choice(submission=access.submission.id, is_chosen=True)


def _require_member(session: Session, access: AssignmentAccess, user_id: uuid.UUID) -> None:
    query = select(Enrolment.id).where(Enrolment.course_id == access.course.id, Enrolment.user_id == user_id)
    if session.scalar(query) is None:
        raise NotFound(f"There is nobody {user_id} in this course.")
