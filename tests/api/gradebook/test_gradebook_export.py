"""Cells of the CSV file are text to a spreadsheet, whatever somebody calls themselves."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.gradebook.export import to_csv
from api.gradebook.views import GradebookRow

EMPTY = GradebookRow(
    user_id=uuid.UUID(int=1),
    email="a@example.edu",
    name="",
    section="",
    group_id=None,
    due_at=None,
    is_extended=False,
    submissions=0,
    newest_state=None,
    counting=None,
    received_at=None,
    days_late=0,
    late_days_used=0,
    score=None,
    max_score=None,
    final_score=None,
)


def read(row: GradebookRow, zone: str = "UTC") -> dict[str, str]:
    text = to_csv([row], zone).removeprefix("\ufeff")
    (line,) = csv.DictReader(io.StringIO(text, newline=""))
    return line


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\0=1",
        "|cmd",
        "%0A",
        "\uff1d1+1",
        "\ttab",
    ],
)
def test_formulas_are_quoted(name):
    assert read(EMPTY.model_copy(update={"name": name}))["name"] == f"'{name}"


@pytest.mark.parametrize("name", ["Zoë", "O'Neil", "a=b", "Smith, J.", 'say "hi"', "two\nlines", ""])
def test_ordinary_names_are_left_alone(name):
    assert read(EMPTY.model_copy(update={"name": name}))["name"] == name


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_cell_begins_as_a_formula(name):
    line = read(EMPTY.model_copy(update={"name": name, "section": name, "email": name or "a"}))
    for column in ("name", "section", "email"):
        assert line[column].lstrip()[:1] not in set("=+-@|%")
    assert line["name"] in (name, f"'{name}")


def test_numbers_and_times():
    moment = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    row = EMPTY.model_copy(
        update={"final_score": -1.5, "score": 0.1 + 0.2, "max_score": 10.0, "due_at": moment}
    )
    line = read(row, "Europe/Amsterdam")
    assert (line["final_score"], line["score"], line["max_score"]) == ("-1.5", "0.3", "10")
    assert line["due_at"] == "2026-07-02 00:30:00+02:00"
    assert line["received_at"] == ""
