"""The policy as JSON: what is accepted, and what the refusals say."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from api.db.submissions import State
from api.policies import Policy, charged


def test_defaults_and_json_there_and_back():
    policy = Policy.model_validate(
        {"due_at": "2026-11-20T23:59:00+01:00", "late": {"kind": "percent_per_day"}, "accept": [".py"]}
    )
    assert policy.due_at == datetime(2026, 11, 20, 22, 59, tzinfo=UTC)
    assert Policy.model_validate(json.loads(json.dumps(policy.model_dump(mode="json")))) == policy
    assert Policy.model_validate({}) == Policy()
    assert Policy().late.kind == "none"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"due_at": "2026-11-20T23:59"}, "no time zone: add Z"),
        ({"due_at": "tomorrow, at noon"}, "write it as 2026-11-20 23:59"),
        ({"due_at": "0001-01-01T00:00:00+14:00"}, "The year 1 is not"),
        ({"due_at": "9999-12-31T23:59:59-12:00"}, "The year 9999 is not"),
        ({"due_at": 1_700_000_000}, "Write it as a text with its zone"),
        ({"opens_at": "2026-11-20T00:00Z", "due_at": "2026-11-20T00:00Z"}, "due_at must be after opens_at"),
        (
            {"opens_at": "2026-11-20T00:00Z", "closes_at": "2026-11-19T00:00Z"},
            "closes_at must be after opens_at",
        ),
        ({"due_at": "2026-11-20T00:00Z", "closes_at": "2026-11-19T00:00Z"}, "closes_at must be after due_at"),
        ({"due_at": "2026-11-20T00:00Z", "closes_at": "2026-11-21T00:00Z"}, "late work is not accepted"),
        ({"results": "after_due"}, "needs a due_at"),
        ({"accept": []}, "at least one kind of file"),
        ({"accept": ["py"]}, "write it in lower case with its dot"),
        ({"accept": [".py\n"]}, "write it in lower case with its dot"),
        ({"late": {"kind": "percent_per_day", "percent": 101}}, "less than or equal to 100"),
        ({"late": {"kind": "percent_per_day", "percent": float("nan")}}, "finite"),
        ({"late": {"kind": "hopeful"}}, "'none', 'percent_per_day' or 'late_days'"),
        ({"submissions_per_period": 0}, "greater than or equal to 1"),
        ({"period_hours": 0}, "greater than 0"),
        ({"dou_at": None}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_is_said(data, says):
    with pytest.raises(ValidationError, match="1 validation error") as caught:
        Policy.model_validate(data)
    assert says in str(caught.value)


def test_same_kinds_are_listed_once():
    assert Policy(accept=(".py", ".zip", ".py")).accept == (".py", ".zip")


def test_closing_at_the_due_date_is_fine_without_late_work():
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    assert Policy(due_at=moment, closes_at=moment).closes_at == moment


def test_our_failures_and_superseded_ones_are_charged_to_nobody():
    assert [state for state in State if not charged(state)] == [State.FAILED, State.SUPERSEDED]
