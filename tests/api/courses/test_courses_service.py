"""Courses, places, policies, extensions, groups and the demo course, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from world import World

from api.accounts import passwords
from api.audit import record
from api.courses import service
from api.courses.assignments import policy_of
from api.courses.demo import make_demo
from api.courses.groups import find_group, group_of, members_of
from api.db.accounts import User
from api.db.base import now
from api.db.courses import Assignment, AuditEvent, Course, Enrolment, Extension, Group, Role, SpecVersion
from api.db.engine import Database
from api.errors import ApiError, Conflict, NotFound, Unprocessable
from grader.assignment import REPOSITORY


def get(session, world: World, kind, name: str):
    return session.get_one(kind, world.ids[name])


def actions(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


# ---------------------------------------------------------------- audit


def test_audit_keeps_details_as_json(database: Database, world: World):
    when = datetime(2026, 11, 20, tzinfo=UTC)
    with database.write() as session:
        record(
            session, world.ids["ta"], "a.b", "thing", world.ids["ta"], world.ids["dl101"],
            when=when, who=world.ids["bob"], role=Role.TA, changed={"x": [None, 1.5]}, long="x" * 5000,
        )  # fmt: skip
    with database.read() as session:
        event = session.scalars(select(AuditEvent)).one()
    assert event.detail["when"] == "2026-11-20T00:00:00+00:00"
    assert event.detail["who"] == str(world.ids["bob"])
    assert event.detail["role"] == "ta"
    assert event.detail["changed"] == {"x": [None, 1.5]}
    assert len(event.detail["long"]) == 1000


# ---------------------------------------------------------------- courses and places


@pytest.mark.parametrize(
    "slug",
    ["", "Upper", "a b", "a/b", "-a", "é", "x" * 61, "a..b", "0190163d-8694-739b-aea5-966c26f8ad90", "a\n"],
)
def test_names_that_cannot_stand_in_an_address(database: Database, slug: str):
    with pytest.raises(Unprocessable), database.write() as session:
        service.create_course(session, None, slug=slug, name="x")


def test_a_second_course_of_that_name_is_refused(database: Database, world: World):
    with pytest.raises(Conflict, match="dl101"), database.write() as session:
        service.create_course(session, None, slug="dl101", name="x")


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime", "a\0b"])
def test_unknown_time_zones_are_refused(database: Database, zone: str):
    with pytest.raises(Unprocessable, match="time zone"), database.write() as session:
        service.create_course(session, None, slug="c", name="x", time_zone=zone)


def test_a_change_says_what_was_before(database: Database, world: World):
    with database.write() as session:
        course = get(session, world, Course, "dl101")
        service.change_course(session, world.ids["instructor"], course, late_days=3, name=course.name)
        service.change_course(session, world.ids["instructor"], course, late_days=3)
    with database.read() as session:
        event = session.scalars(select(AuditEvent)).one()
    assert event.detail == {"late_days": [0, 3]}


def test_enrolling_twice_is_a_conflict(database: Database, world: World):
    with pytest.raises(Conflict, match="already"), database.write() as session:
        service.enrol(session, None, get(session, world, Course, "dl101"), get(session, world, User, "bob"))


def test_the_last_instructor_stays(database: Database, world: World):
    with database.write() as session:
        course = get(session, world, Course, "dl101")
        place = service.enrolment_of(session, course, "instructor@example.edu")
        with pytest.raises(Conflict, match="last instructor"):
            service.expel(session, None, place)
        with pytest.raises(Conflict, match="last instructor"):
            service.change_enrolment(session, None, place, role=Role.TA)
        assistant = service.enrolment_of(session, course, str(world.ids["ta"]))
        service.change_enrolment(session, None, assistant, role=Role.INSTRUCTOR)
        service.expel(session, None, place)
    assert actions(database) == ["member.change", "member.remove"]


def test_somebody_of_another_course_is_not_found(database: Database, world: World):
    with database.read() as session, pytest.raises(NotFound):
        service.enrolment_of(session, get(session, world, Course, "dl101"), "carol@example.edu")


# ---------------------------------------------------------------- assignments and policies


def test_an_unknown_spec_is_refused_with_the_known_ones(database: Database, world: World):
    with pytest.raises(Unprocessable, match="vu_dl_a3"), database.write() as session:
        service.create_assignment(session, None, get(session, world, Course, "other"), spec="nope")


def test_a_field_of_the_late_policy_can_be_changed_alone(database: Database, world: World) -> None:
    with database.write() as session:
        assignment = get(session, world, Assignment, "vu_dl_a3")
        service.set_policy(session, None, assignment, {"late": {"kind": "percent_per_day"}})
        policy = service.set_policy(session, None, assignment, {"late": {"percent": 20}})
    assert (policy.late.kind, policy.late.percent) == ("percent_per_day", 20)


def test_times_without_an_offset_are_of_the_courses_zone(database: Database, world: World):
    world.set(Course, "dl101", time_zone="America/Montreal")
    with database.write() as session:
        assignment = get(session, world, Assignment, "vu_dl_a3")
        service.set_policy(session, None, assignment, {"due_at": "2026-07-01 23:59"})
        service.set_policy(session, None, assignment, {"group_size": 3})
    with database.read() as session:
        policy = policy_of(get(session, world, Assignment, "vu_dl_a3"))
    assert policy.due_at == datetime(2026, 7, 2, 3, 59, tzinfo=UTC)
    assert policy.group_size == 3
    with database.read() as session:
        details = list(session.scalars(select(AuditEvent.detail).order_by(AuditEvent.id)))
    assert details == [{"due_at": [None, "2026-07-02T03:59:00Z"]}, {"group_size": [1, 3]}]


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"due": "2026-07-01 23:59"}, "policy.due"),
        ({"due_at": "soon"}, "policy.due_at"),
        ({"due_at": 5}, "policy.due_at"),
        ({"due_at": {"a": 1}}, "policy.due_at"),
        ({"due_at": "9999-12-31T23:59:59-12:00"}, "policy.due_at"),
        ({"late": {"percent": -1}}, "policy.late.percent"),
        ({"group_size": 0}, "policy.group_size"),
    ],
)
def test_a_wrong_policy_names_the_field(database: Database, world: World, policy, field: str):
    with database.write() as session:
        assignment = get(session, world, Assignment, "vu_dl_a3")
        with pytest.raises(Unprocessable) as caught:
            service.set_policy(session, None, assignment, policy)
    assert [error["field"] for error in caught.value.members["errors"]] == [field]


# ---------------------------------------------------------------- extensions


def test_an_extension_is_replaced_and_taken_back(database: Database, world: World):
    due = now().replace(microsecond=0) + timedelta(days=3)
    with database.write() as session:
        assignment = get(session, world, Assignment, "vu_dl_a3")
        service.grant_extension(session, world.ids["ta"], assignment, world.ids["bob"], due_at=due)
        service.grant_extension(session, world.ids["ta"], assignment, world.ids["bob"], extra_submissions=2)
    with database.read() as session:
        row = session.scalars(select(Extension)).one()
    assert (row.due_at, row.extra_submissions, row.granted_by) == (None, 2, world.ids["ta"])
    with database.write() as session:
        assignment = get(session, world, Assignment, "vu_dl_a3")
        service.revoke_extension(session, None, assignment, world.ids["bob"])
        with pytest.raises(NotFound):
            service.revoke_extension(session, None, assignment, world.ids["bob"])
        with pytest.raises(Unprocessable, match="nothing"):
            service.grant_extension(session, None, assignment, world.ids["bob"])
    assert actions(database) == ["extension.grant", "extension.grant", "extension.revoke"]


# ---------------------------------------------------------------- groups


@pytest.fixture
def teams(world: World) -> World:
    """Groups of two in vu_dl_a3."""
    world.set(Assignment, "vu_dl_a3", policy={"group_size": 2})
    return world


def make(world: World, user: str | None, *, by_staff: bool = False, assignment: str = "vu_dl_a3"):
    with world.database.write() as session:
        found = get(session, world, Assignment, assignment)
        whom = world.ids[user] if user else None
        return service.create_group(session, whom, found, "", whom, by_staff=by_staff).id


def join(world: World, group, user: str, *, by_staff: bool = False, leave: bool = False) -> None:
    with world.database.write() as session:
        found = find_group(session, str(group))
        assert found is not None
        act = service.remove_member if leave else service.add_member
        act(
            session, world.ids[user], session.get_one(Assignment, found.assignment_id), found,
            world.ids[user], by_staff=by_staff,
        )  # fmt: skip


def test_a_group_fills_and_empties(database: Database, teams: World):
    group = make(teams, "alice")
    join(teams, group, "bob")
    join(teams, group, "bob")  # again is no error
    with pytest.raises(Conflict, match="at most 2"):
        join(teams, group, "ta", by_staff=True)
    with database.read() as session:
        assert set(members_of(session, [group])[group]) == {teams.ids["alice"], teams.ids["bob"]}
        found = group_of(session, teams.ids["vu_dl_a3"], teams.ids["bob"])
        assert found is not None
        assert found.id == group
    join(teams, group, "alice", leave=True)
    with pytest.raises(NotFound):
        join(teams, group, "alice", leave=True)
    join(teams, group, "bob", leave=True)
    with database.read() as session:
        assert session.get(Group, group) is None  # nobody is in it, and it handed in nothing


def test_nobody_is_in_two_groups(database: Database, teams: World):
    make(teams, "alice")
    other = make(teams, "bob")
    with pytest.raises(Conflict, match="another group"):
        join(teams, other, "alice")
    with pytest.raises(Conflict, match="another group"):
        make(teams, "alice")
    with database.read() as session:
        assert len(session.scalars(select(Group)).all()) == 2  # the refused one was rolled back


def test_an_assignment_done_alone_has_no_groups(database: Database, world: World):
    with pytest.raises(Conflict, match="alone"):
        make(world, "alice")


def test_a_group_that_handed_in_changes_by_staff_only(database: Database, teams: World):
    group = make(teams, "alice")
    teams.submission("alice", group_id=group)
    for user, leave in (("bob", False), ("alice", True)):
        with pytest.raises(Conflict, match="ask the course's staff"):
            join(teams, group, user, leave=leave)
    join(teams, group, "bob", by_staff=True)
    join(teams, group, "alice", by_staff=True, leave=True)
    join(teams, group, "bob", by_staff=True, leave=True)
    with database.read() as session:
        assert session.get(Group, group) is not None  # its submission is still its


def test_who_handed_in_alone_does_not_get_the_tries_of_a_group(database: Database, teams: World):
    group = make(teams, "alice")
    teams.submission("bob")
    with pytest.raises(Conflict, match="ask the course's staff"):
        join(teams, group, "bob")
    with pytest.raises(Conflict, match="ask the course's staff"):
        make(teams, "bob")


def test_only_one_of_many_gets_the_last_place(database: Database, teams: World):
    group = make(teams, "alice")
    refused: list[ApiError] = []

    def try_to_join(name: str) -> None:
        try:
            join(teams, group, name)
        except ApiError as error:
            refused.append(error)

    threads = [
        threading.Thread(target=try_to_join, args=(name,)) for name in ("bob", "ta", "instructor", "carol")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert len(members_of(session, [group])[group]) == 2
    assert [error.kind for error in refused] == ["group-full"] * 3


# ---------------------------------------------------------------- demo


def test_the_demo_course_is_made_once(database: Database):
    made = make_demo(database, REPOSITORY)
    assert made is not None
    assert set(made.assignments) >= {"vu_dl_a3", "ift6390_hw3"}
    assert [account.role for account in made.accounts] == ["admin", "instructor", "ta", "student", "student"]
    assert len({account.password for account in made.accounts}) == 5
    assert all(account.password in made.text() for account in made.accounts)
    with database.read() as session:
        users = {user.email: user for user in session.scalars(select(User))}
        due = [policy_of(row).due_at for row in session.scalars(select(Assignment)).unique()]
        assert len(session.scalars(select(Enrolment)).unique().all()) == 4
    for account in made.accounts:
        assert passwords.verify(users[account.email].password_hash, account.password)
    assert users["admin@example.edu"].is_admin
    assert not users["teacher@example.edu"].is_admin
    assert all(
        moment is not None and timedelta(days=13) < moment - now() < timedelta(days=15) for moment in due
    )
    assert make_demo(database, REPOSITORY) is None


def test_a_service_with_a_user_gets_no_demo(database: Database, tmp_path: Path):
    with database.write() as session:
        session.add(User(email="somebody@example.edu"))
    assert make_demo(database, tmp_path) is None
    with database.read() as session:
        assert session.scalars(select(Course)).all() == []
        assert session.scalars(select(SpecVersion)).all() == []
