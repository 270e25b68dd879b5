"""Something to look at in a service that nobody uses yet: a course with every assignment, and accounts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.accounts import passwords
from api.courses.service import create_assignment, create_course, enrol
from api.courses.sync import sync_specs
from api.db.accounts import User
from api.db.base import now
from api.db.courses import Course, Role
from api.db.engine import Database

_DAYS = 14
_PEOPLE: tuple[tuple[str, str, Role | None], ...] = (
    ("admin", "Demo administrator", None),
    ("teacher", "Demo teacher", Role.INSTRUCTOR),
    ("ta", "Demo assistant", Role.TA),
    ("student", "Demo student", Role.STUDENT),
    ("student2", "Second demo student", Role.STUDENT),
)


@dataclass(frozen=True)
class DemoAccount:
    """Somebody who can sign in. The password is known here only: the database has its hash."""

    email: str
    password: str
    role: str


@dataclass(frozen=True)
class DemoAccounts:
    """What was made."""

    course: str  # its slug
    assignments: tuple[str, ...]  # their slugs
    accounts: tuple[DemoAccount, ...]

    def text(self) -> str:
        """For the terminal: a line for each account."""
        width = max(len(account.email) for account in self.accounts)
        return "\n".join(
            f"{account.email:<{width}}  {account.password}  {account.role}" for account in self.accounts
        )


def make_demo(database: Database, root: Path) -> DemoAccounts | None:
    """Make the demo course with every assignment below `root`/test_specs. None if there is any user."""
    if _is_in_use(database):
        return None
    report = sync_specs(database, root)
    accounts = tuple(
        DemoAccount(f"{name}@example.edu", secrets.token_urlsafe(12), role or "admin")
        for name, _, role in _PEOPLE
    )
    hashes = [passwords.hash(account.password) for account in accounts]  # slow, so before the transaction
    with database.write() as session:
        if session.scalar(select(User.id).limit(1)) is not None:
            return None
        course = create_course(session, None, slug="demo", name="Demo course")
        _add_people(session, course, hashes)
        for spec in report.current:
            create_assignment(session, None, course, spec=spec, policy={"due_at": _due().isoformat()})
    return DemoAccounts("demo", tuple(report.current), accounts)


def _is_in_use(database: Database) -> bool:
    with database.read() as session:
        return session.scalar(select(User.id).limit(1)) is not None


def _add_people(session: Session, course: Course, hashes: list[str]) -> None:
    for (name, full_name, role), password_hash in zip(_PEOPLE, hashes, strict=True):
        user = User(
            email=f"{name}@example.edu", name=full_name, password_hash=password_hash, is_admin=role is None
        )
        session.add(user)
        session.flush()
        if role is not None:
            enrol(session, None, course, user, role)


def _due() -> datetime:
    """The last minute of the day in two weeks."""
    return (now() + timedelta(days=_DAYS)).replace(hour=23, minute=59, second=0, microsecond=0)
