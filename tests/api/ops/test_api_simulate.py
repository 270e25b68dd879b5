"""`tensorgrade admin simulate`."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from api.cli import app


def run(*arguments, text=""):
    return CliRunner().invoke(app, ["admin", "simulate", *arguments], input=text, env={"COLUMNS": "120"})


def read(*arguments, text=""):
    done = run("--json", *arguments, text=text)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_more_places_never_make_anybody_wait_longer():
    waits = read("--workers", "1,2,4,64", "--seconds", "8", "--spread", "0.7")["waits"]
    assert [row["places"] for row in waits] == [1, 2, 4, 64]
    for name in ("median", "p90", "p95", "p99", "worst", "last_score"):
        column = [row[name] for row in waits]
        assert column == sorted(column, reverse=True)
    assert waits[0]["busy"] > 0.99
    assert waits[0]["worst"] > 3600
    assert waits[-1]["worst"] == 0


def test_the_same_seed_gives_the_same_answer():
    assert read("--seed", "4") == read("--seed", "4")
    assert read("--seed", "4")["waits"] != read("--seed", "5")["waits"]


def test_measured_samples(tmp_path):
    file = tmp_path / "seconds.txt"
    file.write_text("2\n4.5\n")
    assumed = read("--samples", str(file))["assumed"]
    assert 2 < assumed["mean_seconds"] < 4.5
    assert read("--samples", "-", text="3")["assumed"]["mean_seconds"] == 3


def test_the_table_and_the_chart():
    done = run("--workers", "2", "--plot", "--hours", "3")
    assert "1500 submissions of 300 students in 3 h" in done.stdout
    assert "95 %" in done.stdout
    chart = done.stdout[done.stdout.index("2 at once") :]
    counts = [int(line.split()[2]) for line in chart.splitlines() if " h " in line]
    assert len(counts) == 24
    assert sum(counts) == 1500


def test_wrong_usage(tmp_path):
    (tmp_path / "bad.txt").write_text("1\n-2\n")
    (tmp_path / "empty.txt").write_text("")
    for arguments in (
        ["--workers", "0"],
        ["--workers", "two"],
        ["--students", "0"],
        ["--hours", "-1"],
        ["--samples", str(tmp_path / "none.txt")],
        ["--samples", str(tmp_path / "bad.txt")],
        ["--samples", str(tmp_path / "empty.txt")],
    ):
        done = run(*arguments)
        assert done.exit_code == 2, arguments
        assert "Traceback" not in done.output
