"""How a student stands: due dates, quota, late days, groups, and what they may see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.db.base import now
from api.db.courses import Assignment, Course, Extension, Group, GroupMember
from api.db.submissions import State
from api.gradebook.book import Book
from api.gradebook.standing import standing

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def stand(world, database):
    """The standing of somebody in an assignment, and how to set its policy (times as hours from now)."""

    def find(user="alice", slug="vu_dl_a3", at=None, **more):
        with database.read() as session:
            assignment = session.get_one(Assignment, world.ids[slug])
            return standing(session, assignment, world.ids[user], at or now(), **more)

    return find


@pytest.fixture
def policy(world):
    def put(slug="vu_dl_a3", **data):
        for name in ("opens_at", "due_at", "closes_at"):
            if name in data:
                data[name] = (now() + data[name] * HOUR).isoformat()
        world.set(Assignment, slug, policy=data)

    return put


def hand_in(world, hours=0.0, user="alice", slug="vu_dl_a3", **columns):
    return world.submission(user, slug, received_at=now() + hours * HOUR, **columns)


def test_nothing_yet(stand, database):
    found = stand()
    assert (found.may_submit, found.quota_left, found.counting, found.final_score) == (True, None, None, None)
    assert (found.submissions, found.late_days_left, found.due_at) == ([], None, None)


def test_scores_leave_out_what_is_withheld(stand, world, database):
    hand_in(world)
    found = stand()
    assert (found.score, found.max_score, found.is_provisional) == (4.0, 5.0, True)
    assert (found.submissions[0].score, found.submissions[0].final_score) == (4.0, 4.0)
    seen = stand(as_staff=True)
    assert (seen.score, seen.max_score, seen.is_provisional) == (8.0, 10.0, False)
    world.set(Assignment, "vu_dl_a3", is_published=True)
    assert (stand().score, stand().is_provisional) == (8.0, False)


def test_scores_after_the_due_date(stand, policy, world, database):
    policy(due_at=-1, results="after_due")
    hand_in(world, -2)
    assert (stand().score, stand().max_score) == (6.0, 7.5)
    policy(due_at=1, results="after_due")
    found = stand()
    assert (found.are_scores_shown, found.score, found.counting) == (False, None, None)
    assert found.submissions[0].score is None
    assert "8.0" not in found.model_dump_json()
    world.add(Extension(assignment_id=world.ids["vu_dl_a3"], user_id=world.ids["alice"], due_at=now() + DAY))
    policy(due_at=-1, results="after_due")
    assert not stand().are_scores_shown  # their own due date is still to come


def test_lateness_and_which_one_counts(stand, policy, world, database):
    policy(due_at=-30, late={"kind": "percent_per_day", "percent": 25})
    early = hand_in(world, -31, score=5.0)
    late = hand_in(world, -29, score=8.0)
    hand_in(world, -1, score=10.0)
    found = stand(as_staff=True)
    assert (found.counting, found.score, found.final_score) == (late, 8.0, 6.0)
    assert [line.final_score for line in found.submissions] == [5.0, 6.0, 5.0]
    assert [line.counts for line in found.submissions] == [False, True, False]
    assert found.submissions[0].lateness.sentence == "2 days late: 50 % is deducted."
    assert found.submissions[2].id == early
    assert found.if_submitted_now.days == 2


def test_an_extension(stand, policy, world, database):
    policy(due_at=-30, submissions_per_period=1)
    assert (stand().may_submit, stand().is_extended) == (False, False)
    assert "not accepted" in stand().reason
    place = {"assignment_id": world.ids["vu_dl_a3"], "user_id": world.ids["alice"]}
    world.add(Extension(**place, due_at=now() + DAY, extra_submissions=2))
    hand_in(world, -1)
    found = stand()
    assert (found.may_submit, found.is_extended, found.extra_submissions, found.quota_left) == (
        True,
        True,
        2,
        2,
    )
    assert found.submissions[0].lateness.late_seconds == 0
    assert not stand("bob").may_submit


def test_our_failures_superseded_ones_and_tests_cost_nothing(stand, policy, world, database):
    policy(submissions_per_period=1)
    for state in (State.FAILED, State.SUPERSEDED):
        hand_in(world, -1, state=state, score=None, max_score=None)
    hand_in(world, -1, is_test=True, score=10.0)
    found = stand()
    assert (found.may_submit, found.quota_left, found.counting) == (True, 1, None)
    assert len(found.submissions) == 3
    hand_in(world, -1, state=State.QUEUED, score=None, max_score=None)
    found = stand()
    assert (found.may_submit, found.quota_left) == (False, 0)
    assert found.next_at is not None


def test_a_groups_submissions_are_everybodys(stand, policy, world, database):
    policy(submissions_per_period=2, group_size=2)
    group = Group(assignment_id=world.ids["vu_dl_a3"])
    world.add(group)
    world.add(*[member(world, group, name) for name in ("alice", "bob")])
    ours = hand_in(world, -1, group_id=group.id)
    for name in ("alice", "bob"):
        found = stand(name)
        assert (found.counting, found.quota_left) == (ours, 1)
        assert found.submissions[0].submitted_by == "Alice"
    hand_in(world, -1, "bob")  # before he joined: his alone
    assert [stand(name).quota_left for name in ("alice", "bob")] == [1, 0]


def member(world, group, name):
    return GroupMember(group_id=group.id, user_id=world.ids[name], assignment_id=world.ids["vu_dl_a3"])


def test_late_days_are_a_bank_of_the_whole_course(stand, policy, world, database):
    world.set(Course, "dl101", late_days=3)
    policy("ift6390_hw3", due_at=-60, late={"kind": "late_days"})
    policy(due_at=-20, late={"kind": "late_days"})
    hand_in(world, -30, slug="ift6390_hw3")  # 30 hours late: 2 days
    assert stand().late_days_left == 1
    assert stand("bob").late_days_left == 3
    late = hand_in(world, -10)
    found = stand()
    assert (found.late_days_left, found.counting, found.final_score) == (0, late, found.score)
    assert found.submissions[0].lateness.late_days_used == 1
    assert found.may_submit  # the day is spent already; within it they may try again
    later = stand(at=now() + 5 * HOUR)  # that would be a second day
    assert not later.may_submit
    assert "You have 1 late day left" in later.reason


def test_late_days_to_spend(policy, world, database):
    world.set(Course, "dl101", late_days=3)

    def spend():
        with database.read() as session:
            assignment = session.get_one(Assignment, world.ids["vu_dl_a3"])
            book = Book(session, assignment, [world.ids["alice"]])
            return book.late_days_to_spend(world.ids["alice"])

    policy(due_at=-20, late={"kind": "late_days"})
    hand_in(world, -10)
    assert spend() == 3  # its own use does not count against it
    policy("ift6390_hw3", due_at=-20, late={"kind": "late_days"})
    hand_in(world, -10, slug="ift6390_hw3")
    assert spend() == 2


def test_one_that_is_being_graded_has_no_score(stand, world, database):
    hand_in(world, -1)
    hand_in(world, state=State.GRADING, score=None, max_score=None)
    assert [line.score for line in stand().submissions] == [None, 4.0]
