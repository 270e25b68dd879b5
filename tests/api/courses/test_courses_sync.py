"""Specs on disk and their rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from api.courses.marks import marks_of
from api.courses.service import create_assignment, create_course
from api.courses.sync import current_version, current_versions, sync_specs, use_newest, use_version
from api.db.courses import Assignment, AuditEvent, SpecVersion
from api.db.engine import Database
from api.errors import Conflict
from grader.assignment import REPOSITORY

TOML = 'name = "{name}"\ntitle = "Title of {name}"\n'
QUICK = "from grader.spec import points\n\n@points(1)\ndef test_a(submission):\n    assert True\n"


def write_spec(root: Path, name: str, test: str = QUICK, toml: str = "") -> Path:
    folder = root / "test_specs" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "assignment.toml").write_text(TOML.format(name=name) + toml)
    (folder / "test_a.py").write_text(test)
    return folder


def test_every_spec_of_the_repository_is_synced(database: Database):
    report = sync_specs(database, REPOSITORY)
    assert report.errors == {}
    assert set(report.added) == set(report.current) >= {"vu_dl_a3", "ift6390_hw3"}
    with database.read() as session:
        rows = {row.spec: row for row in current_versions(session)}
    assert rows["vu_dl_a3"].has_slow
    assert rows["ift6390_hw3"].has_slow
    assert not rows["vu_dl_a3"].needs_gpu
    assert rows["vu_dl_a3"].config["code"]["entry"] == "conv"


def test_a_second_sync_changes_nothing(database: Database, tmp_path: Path):
    write_spec(tmp_path, "one")
    first = sync_specs(database, tmp_path)
    with database.read() as session:
        seen = session.scalars(select(SpecVersion.seen_at)).all()
    again = sync_specs(database, tmp_path)
    assert again.current == first.current
    assert again.added == ()
    with database.read() as session:
        assert session.scalars(select(SpecVersion.seen_at)).all() == seen


def test_a_spec_with_an_error_is_reported_and_the_others_go_on(database: Database, tmp_path: Path):
    write_spec(tmp_path, "fine")
    write_spec(tmp_path, "typo", toml="titel = 1\n")
    write_spec(tmp_path, "syntax", test="def test_a(:\n")
    write_spec(tmp_path, "bytes")
    (tmp_path / "test_specs/bytes/test_a.py").write_bytes(b"# \xff\n")
    report = sync_specs(database, tmp_path)
    assert list(report.current) == ["fine"]
    assert set(report.errors) == {"typo", "syntax", "bytes"}
    assert "titel" in report.errors["typo"]
    assert any("typo is left out" in line for line in report.lines())


def test_assignments_move_to_a_new_version_and_back(database: Database, tmp_path: Path):
    folder = write_spec(tmp_path, "one")
    sync_specs(database, tmp_path)
    with database.write() as session:
        course = create_course(session, None, slug="c", name="C")
        create_assignment(session, None, course, spec="one")
    old_text = (folder / "test_a.py").read_text()
    (folder / "test_a.py").write_text(old_text + "\n# changed\n")
    report = sync_specs(database, tmp_path)
    assert report.added == ("one",)
    assert report.outdated == ("c/one",)
    assert use_newest(database) == ["c/one"]
    assert use_newest(database) == []
    assert sync_specs(database, tmp_path).outdated == ()

    (folder / "test_a.py").write_text(old_text)  # the author goes back
    back = sync_specs(database, tmp_path)
    assert back.added == ()
    assert back.outdated == ("c/one",)
    with database.read() as session:
        newest = current_version(session, "one")
        assert newest is not None
        assert newest.id == back.current["one"]
    assert use_newest(database) == ["c/one"]
    with database.read() as session:
        assignment = session.scalars(select(Assignment)).unique().one()
        events = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "assignment.use_version")
        ).all()
    assert assignment.spec_version_id == back.current["one"]
    assert len(events) == 2
    assert {event.detail["after"] for event in events} >= {assignment.spec_version.digest}


def test_a_version_of_another_spec_is_refused(database: Database, tmp_path: Path):
    write_spec(tmp_path, "one")
    write_spec(tmp_path, "two")
    report = sync_specs(database, tmp_path)
    with database.write() as session:
        course = create_course(session, None, slug="c", name="C")
        assignment = create_assignment(session, None, course, spec="one")
        other = session.get_one(SpecVersion, report.current["two"])
        with pytest.raises(Conflict, match="version of two"):
            use_version(session, None, assignment, other)


def test_a_folder_without_specs_is_fine(database: Database, tmp_path: Path):
    assert sync_specs(database, tmp_path).current == {}


@pytest.mark.parametrize(
    ("source", "slow", "gpu"),
    [
        ("import pytest\n@pytest.mark.slow\ndef test_a(): ...\n", True, False),
        ("from grader.spec import slow as s\npytestmark = [s]\n", True, False),
        ("from grader import spec\npytestmark = spec.gpu\n", True, True),
        ("import grader.spec\n@grader.spec.marks.slow\ndef test_a(): ...\n", True, False),
        ("'''slow, gpu'''\nslow = 3\nself.slow = gpu = 1  # pytest.mark.slow\n", False, False),
    ],
)
def test_marks_are_found_in_the_syntax_tree(database: Database, tmp_path: Path, source, slow, gpu):
    write_spec(tmp_path, "one", source)
    sync_specs(database, tmp_path)
    with database.read() as session:
        version = session.scalars(select(SpecVersion)).one()
    assert (version.has_slow, version.needs_gpu) == (slow, gpu)


def test_gpus_in_the_limits_need_a_gpu(database: Database, tmp_path: Path):
    write_spec(tmp_path, "one", toml="[slow_limits]\ngpus = 1\n")
    sync_specs(database, tmp_path)
    with database.read() as session:
        assert session.scalars(select(SpecVersion)).one().needs_gpu


def test_files_that_are_no_tests_do_not_count(tmp_path: Path):
    folder = write_spec(tmp_path, "one")
    (folder / "bench.py").write_text("import pytest\npytest.mark.slow\n")
    assert "slow" not in marks_of(folder)
    shutil.copy(folder / "bench.py", folder / "conftest.py")
    assert "slow" in marks_of(folder)
