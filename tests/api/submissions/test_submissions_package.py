"""What is wrong with an archive is told at once: it can be handed in again before it counts."""

from __future__ import annotations

import io
import zipfile

from api.submissions.checks import check
from grader.assignment import AssignmentConfig


def config(name=r"[a-z]+_hw1\.zip"):
    package = {"name": name, "example": "[name]_hw1.zip", "name_points": 5, "required": [{"path": "ReadMe*"}]}
    return AssignmentConfig.model_validate({"name": "hw1", "title": "", "package": package})


def upload(*paths):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path in paths:
            archive.writestr(path, "x = 1\n")
    return data.getvalue()


def test_the_right_archive_is_not_warned_about():
    assert check("ada_hw1.zip", upload("ada_hw1/solution.py", "ada_hw1/ReadMe"), config()) == ()


def test_a_wrong_name_and_what_is_missing_are_told_with_their_cost():
    warnings = check("ada_hw1 (1).zip", upload("ada_hw1/solution.py"), config())
    assert len(warnings) == 2
    assert "`[name]_hw1.zip`" in warnings[0]
    assert warnings[0].endswith("This costs 5 points.")
    assert "`ReadMe*` is missing" in warnings[1]
    assert "points" not in warnings[1]


def test_an_authors_mistake_is_no_students_warning():
    assert check("ada_hw1.zip", upload("ada_hw1/solution.py", "ada_hw1/ReadMe"), config("(")) == ()
