import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from grader.report import render, render_checks
from grader.sandbox.doctor import Check
from grader.scoring.model import RuleResult, TestStatus

sys.path.insert(0, str(Path(__file__).parent / "scoring"))
from score_builders import make_score, make_test


def page(score, *, view="student", width=80, encoding="utf-8"):
    """What a log gets."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    render(score, Console(file=file, width=width), view=view)
    file.flush()
    return file.buffer.getvalue().decode(encoding)


def line_with(text, printed):
    return next(line for line in printed.splitlines() if text in line)


def test_tests_are_grouped_by_part_with_points_and_reasons():
    printed = page(
        make_score(
            make_test("a", part="rnn", max_score=2),
            make_test("b", "failed", part="conv", max_score=3, hints=("32 times too large",)),
            parts=[{"name": "conv", "title": "Convolution"}, {"name": "rnn"}],
        )
    )
    order = ["Convolution  0/3", "Checks b.", "32 times too large", "rnn  2/2", "Checks a.", "Score: 2 of 5"]
    assert sorted(order, key=printed.index) == order
    assert line_with("Checks b.", printed).split() == ["✗", "Checks", "b.", "wrong", "0/3"]
    assert line_with("Checks a.", printed).split() == ["✓", "Checks", "a.", "passed", "2/2"]


@pytest.mark.parametrize("status", TestStatus)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp1252"])
def test_every_status_has_a_glyph_and_a_word(status, encoding):
    row = line_with("Checks", page(make_score(make_test("a", status)), view="staff", encoding=encoding))
    words = row.split("Checks a.")[1].removesuffix("/1").strip(" 01").strip()
    assert words
    assert row[0].strip()


def test_rules_and_notes_are_listed():
    rules = (RuleResult(id="r", file="solution.py", line=3, text="import os", message="No os.", points=0.5),)
    printed = page(make_score(make_test(), rules=rules, notes=("Line 9 was skipped.",)))
    assert "solution.py:3: No os. (-0.5)" in printed
    assert "import os" in printed
    assert "Line 9 was skipped." in printed
    assert "Score: 0.5 of 1" in printed


def test_a_students_page_hides_what_is_hidden():
    tests = [
        make_test(
            "a", "failed", visibility="hidden", output="expected 3.14", stdout="x=3.14", hints=("too large",)
        ),
        make_test("b", "failed", visibility="after_due_date", output="expected 3.14", max_score=4),
    ]
    student, staff = (page(make_score(*tests), view=view) for view in ("student", "staff"))
    assert "3.14" not in student
    assert "too large" in student
    assert "withheld until the due date" in student
    assert "Score of the tests shown: 0 of 1" in student
    assert staff.count("3.14") == 3


def test_what_was_printed_is_shown():
    printed = page(make_score(make_test(stdout="hello\nworld", visibility="visible")))
    assert "printed:\n     hello\n     world\n" in printed


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_checks_of_a_machine(encoding):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    checks = [
        Check("seccomp", True, True, "filters work", ""),
        Check("memory limit", False, True, "no control groups", "Mount /sys/fs/cgroup."),
        Check("huge pages", False, False, "refused", ""),
    ]
    render_checks(checks, Console(file=file, width=80))
    file.flush()
    printed = file.buffer.getvalue().decode(encoding)
    for name, word in (("seccomp", "ok"), ("memory limit", "missing"), ("huge pages", "optional")):
        assert line_with(name, printed).split()[-1] == word
    assert printed.index("no control groups") < printed.index("Mount /sys/fs/cgroup.")


def test_long_output_is_shortened():
    printed = page(make_score(make_test(stdout="\n".join(map(str, range(1000))), visibility="visible")))
    assert "(970 more lines)" in printed
    assert len(printed.splitlines()) < 60


@pytest.mark.parametrize(("status", "whose"), [("infrastructure", "ours"), ("spec_error", "author")])
def test_no_score_says_whose_fault_it_is(status, whose):
    printed = page(make_score(make_test(status=status)))
    assert whose in line_with("No score", printed)
    assert "Score:" not in printed


@pytest.mark.parametrize(("earned", "filled"), [(0, 0), (1, 15), (1.99, 29), (2, 30)])
def test_the_bar_is_full_only_with_all_points(earned, filled):
    score = make_score(make_test(status="failed", score=earned, max_score=2))
    assert page(score).count("█") == filled
    assert page(score, encoding="ascii").count("#") == filled


def test_an_empty_score_is_printed():
    assert "Score: 0 of 0" in page(make_score())


def test_markup_and_escapes_are_text():
    test = make_test(stdout="[red]x[/red] [/nope] :smile: \x1b[2J\x1b]0;t\x07", visibility="visible")
    printed = page(make_score(test))
    assert "[red]x[/red] [/nope] :smile:" in printed
    assert "\x1b" not in printed
    assert "\x07" not in printed


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@given(text=st.text(max_size=200))
def test_any_text_fits_the_width(width, encoding, text):
    test = make_test(stdout=text, output=text, visibility="visible", name=text)
    printed = page(make_score(test, notes=(text,)), width=width, encoding=encoding)
    assert all(cell_len(line) <= width for line in printed.split("\n"))
    assert "\x1b" not in printed
