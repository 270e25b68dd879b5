"""Class lists as spreadsheets and student systems write them."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import select
from world import World

from api.courses.roster import Plan, apply_roster, plan_roster
from api.courses.roster_file import MOST_ROWS, LineError, Row, read_roster
from api.db.accounts import User
from api.db.courses import AuditEvent, Course, Enrolment, Role
from api.db.engine import Database
from api.errors import Unprocessable

PLAIN = "email,name,section,role\nEve@Example.edu,Eve Example,A,student\n"
EVE = Row(2, "eve@example.edu", "Eve Example", "A", Role.STUDENT)


def rows(text: str | bytes) -> tuple[Row, ...]:
    people = read_roster(text if isinstance(text, bytes) else text.encode())
    assert people.errors == ()
    return people.rows


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.rstrip().encode(),
        b'"E-Mail Address","Full Name","Section","Role"\n"eve@example.edu","Eve Example","A","Student"\n',
        b"Last name,First name,Email,Tutorial,Type\nExample,Eve, eve@example.edu ,A,Learner\n",
        b'email,name,section,role\neve@example.edu,"Eve\n Example",A,student\n',
    ],
)
def test_the_same_list_in_many_forms(data: bytes):
    assert rows(data) == (EVE,)


def test_only_addresses_are_needed():
    assert rows("Email\na@b.c\n\n , \nd@e.f\n") == (Row(2, "a@b.c"), Row(5, "d@e.f"))


def test_names_of_windows_spreadsheets():
    assert rows("email;name\na@b.c;Zo\xeb\n".encode("cp1252"))[0].name == "Zo\xeb"
    assert rows("email;name\na@b.c;Zoe\u0308\n")[0].name == "Zo\xeb"


def test_each_wrong_line_says_why():
    text = (
        "email,name,section,role\n"
        "bob,Bob,,\n"
        ",Nobody,,\n"
        'a@b.c,"two\nlines",A,student\n'
        "A@B.C,Again,,\n"
        "d@e.f,D,,king\n"
        f"g@h.i,{'x' * 201},,\n"
        f"j@k.l,J,{'x' * 61},\n"
        "\n"
        "m@n.o\n"
    )
    people = read_roster(text.encode())
    assert [row.line for row in people.rows] == [4, 11]
    assert people.rows[0].name == "two lines"
    assert [error.line for error in people.errors] == [2, 3, 6, 7, 8, 9]
    assert people.errors[2] == LineError(6, "a@b.c is on line 4 already.")
    assert "'bob'" in people.errors[0].message
    assert "student, ta or instructor" in people.errors[3].message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "'email'"),
        (b"name,role\nx,y\n", "'email'"),
        (b"PK\x03\x04\x00\x00", "save the list as CSV"),
        (b"\xff\xfe\x00", "save the list as CSV"),
        (b'email,name\na@b.c,"open\n', "CSV"),
        (b"email\n" + b"a@b.c\n" * (MOST_ROWS + 1), "more than"),
        (b"email,name\na@b.c," + b"x" * 200_000 + b"\n", "CSV"),
    ],
)
def test_what_is_no_list(data: bytes, words: str):
    with pytest.raises(Unprocessable, match=words):
        read_roster(data)


# ---------------------------------------------------------------- what it does


def run(world: World, text: str, *, apply: bool = True, lower_roles: bool = False) -> Plan:
    people = read_roster(text.encode())
    with world.database.write() as session:
        course = session.get_one(Course, world.ids["dl101"])
        if not apply:
            return plan_roster(session, course, people, lower_roles=lower_roles)
        return apply_roster(session, world.ids["instructor"], course, people, lower_roles=lower_roles)


def places(world: World) -> dict[str, tuple[str, str]]:
    with world.database.read() as session:
        query = select(User.email, Enrolment.role, Enrolment.section).join(User, User.id == Enrolment.user_id)
        found = session.execute(query.where(Enrolment.course_id == world.ids["dl101"]))
        return {email.partition("@")[0]: (role, section) for email, role, section in found}


LIST = (
    "email,name,section,role\n"
    "new@example.edu,New Person,B,\n"
    "carol@example.edu,Not Her Name,A,ta\n"  # of another course
    "alice@example.edu,Alice,A,student\n"
    "ta@example.edu,Ta,,student\n"  # would be lowered
    "bob@example.edu,Bob,,ta\n"  # is raised
)


def test_a_preview_says_what_would_happen_and_does_nothing(database: Database, world: World):
    before = places(world)
    plan = run(world, LIST, apply=False)
    assert [(step.action, step.role, step.new_account) for step in plan.steps] == [
        ("add", "student", True),
        ("add", "ta", False),
        ("change", "student", False),
        ("keep", "ta", False),
        ("change", "ta", False),
    ]
    assert "Stays ta" in plan.steps[3].note
    assert places(world) == before


def test_applying_does_it_once(database: Database, world: World):
    run(world, LIST)
    assert places(world) == {
        "instructor": ("instructor", ""),
        "ta": ("ta", ""),
        "alice": ("student", "A"),
        "bob": ("ta", ""),
        "new": ("student", "B"),
        "carol": ("ta", "A"),
    }
    assert [step.action for step in run(world, LIST).steps] == ["keep"] * 5
    with database.read() as session:
        users = {user.email: user for user in session.scalars(select(User))}
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert users["new@example.edu"].password_hash is None
    assert users["new@example.edu"].name == "New Person"
    assert users["carol@example.edu"].name == "Carol"  # her own name stays
    assert [event.action for event in events] == ["roster.import"] * 2
    assert (events[0].detail["added"], events[0].detail["changed"], events[0].detail["kept"]) == (2, 2, 1)


def test_roles_are_lowered_only_when_told_to(database: Database, world: World):
    run(world, "email,role\nta@example.edu,student\n", lower_roles=True)
    assert places(world)["ta"] == ("student", "")


def test_columns_that_are_not_there_change_nothing(database: Database, world: World):
    run(world, "email,section\nta@example.edu,Z\n")
    assert [step.action for step in run(world, "email\nta@example.edu\n").steps] == ["keep"]
    assert places(world)["ta"] == ("ta", "Z")


def test_with_a_wrong_line_nothing_is_imported(database: Database, world: World):
    before = places(world)
    with pytest.raises(Unprocessable, match=r"1 of the lines are wrong\. Line 3") as caught:
        run(world, "email\nnew@example.edu\nnonsense\n")
    assert caught.value.members["errors"][0]["line"] == 3
    assert places(world) == before


def test_a_thousand_people(database: Database, world: World):
    text = "email,name\n" + "".join(f"s{n}@example.edu,Student {n}\n" for n in range(1000))
    start = time.monotonic()
    assert run(world, text).count("add") == 1000
    assert run(world, text).count("keep") == 1000
    assert time.monotonic() - start < 20
