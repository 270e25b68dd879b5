"""Given files take the place of the student's."""

from __future__ import annotations

import pytest

from grader.assignment import Assignment, AssignmentConfig
from grader.errors import SpecError
from grader.intake.given import with_given
from grader.intake.model import NotebookPlaces, Submission

GIVEN = {"train.py": b"print('course')\n", "nets/data.py": b"N = 1\n"}


@pytest.fixture
def course(tmp_path):
    """course(files, **package): an assignment with these given files."""

    def write(files=GIVEN, **package) -> Assignment:
        folder = tmp_path / "lab"
        for path, data in files.items():
            (folder / "given" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "given" / path).write_bytes(data)
        config = AssignmentConfig.model_validate(
            {
                "name": "lab",
                "title": "",
                "code": {"files": ["nets/networks.py"]},
                "package": {"given": "given", **package},
            }
        )
        return Assignment("lab", folder, folder, config, "0" * 12)

    return write


def handed_in(files, name="hw.zip", entry=None, **more):
    return Submission(name, "5" * 64, files, entry, **more)


@pytest.mark.parametrize("top", ["", "ada_hw1/", "a/b/"])
def test_they_go_into_the_top_folder(course, top):
    theirs = {f"{top}nets/networks.py": b"x", f"{top}ReadMe": b""}
    found = with_given(handed_in(theirs, entry=f"{top}nets/networks.py"), course())
    ours = {top + path: data for path, data in GIVEN.items()}
    assert found.submission.files == theirs | ours
    assert list(found.submission.files) == sorted(found.submission.files)
    assert found.paths == set(ours)
    assert found.submission.entry == f"{top}nets/networks.py"
    assert found.submission.notes == ()
    assert found.submission.sha256 == "5" * 64


def test_what_was_changed_is_named(course):
    theirs = {"train.py": b"print('mine')", "nets/data.py": b"N = 1\r\n", "nets/networks.py": b""}
    found = with_given(handed_in(theirs, notes=("earlier",)), course())
    assert found.submission.files == theirs | GIVEN
    assert found.submission.notes == (
        "earlier",
        "Replaced by the course's own files, so your changes there do not count: `train.py`.",
    )


def test_other_case_is_the_same_file(course):
    theirs = {"Train.PY": b"mine", "nets/networks.py": b""}
    found = with_given(handed_in(theirs, entry="Train.PY", modules={"train": "Train.PY"}), course())
    assert set(found.submission.files) == {"train.py", "nets/data.py", "nets/networks.py"}
    assert found.submission.entry == "train.py"
    assert found.submission.modules == {"train": "train.py"}
    assert "`Train.PY`" in found.submission.notes[-1]


@pytest.mark.parametrize("theirs", [{"nets": b"a file"}, {"train.py/x.py": b"", "train.py/y/z.py": b""}])
def test_what_is_in_the_way_goes(course, theirs):
    found = with_given(handed_in({**theirs, "a.py": b""}), course())
    assert set(found.submission.files) == {"a.py", *GIVEN}
    assert all(f"`{path}`" in found.submission.notes[-1] for path in theirs)


def test_a_module_that_is_gone_is_no_module(course):
    found = with_given(handed_in({"nets": b"", "a.py": b""}, modules={"m": "nets", "a": "a.py"}), course())
    assert found.submission.modules == {"a": "a.py"}


def test_a_given_file_is_no_notebook_of_theirs(course):
    places = {"train.py": NotebookPlaces("train.ipynb", (1,)), "b.py": NotebookPlaces("b.ipynb", (1,))}
    found = with_given(handed_in({"train.py": b"", "b.py": b""}, places=places), course())
    assert set(found.submission.places) == {"b.py"}


@pytest.mark.parametrize("name", ["networks.py", "hw.ipynb"])
def test_a_file_by_itself_stays_by_itself(course, name):
    alone = handed_in({"networks.py": b""}, name)
    assert with_given(alone, course()).submission is alone


def test_nothing_is_given_where_nothing_is_declared(course):
    submission = handed_in({"train.py": b""})
    assert with_given(submission, course(given="")).submission is submission


def test_the_digest_of_python_caches_and_hidden_files_is_not_given(course):
    extra = {"__pycache__/train.cpython-311.pyc": b"", ".DS_Store": b""}
    found = with_given(handed_in({"a.py": b""}), course(GIVEN | extra))
    assert found.paths == set(GIVEN)


@pytest.mark.parametrize("given", ["../reference", "samples", "given/../..", "/etc", "given/none"])
def test_other_folders_are_refused(course, given):
    with pytest.raises(SpecError, match="given"):
        with_given(handed_in({"a.py": b""}), course(given=given))


def test_decoys_one_folder_deeper_do_not_move_them(course):
    """The module that is run tells the top folder, however much of the homework lies below it once more."""
    deep = "hw/nets/"
    theirs = {
        f"{deep}networks.py": b"from . import data\n",
        f"{deep}data.py": b"MINE = True\n",
        f"{deep}nets/networks.py": b"",
        f"{deep}train.py": b"print('mine')\n",
        f"{deep}ReadMe": b"",
    }
    found = with_given(handed_in(theirs, entry=f"{deep}networks.py"), course())
    assert found.submission.files["hw/nets/data.py"] == GIVEN["nets/data.py"]
    assert found.submission.files["hw/train.py"] == GIVEN["train.py"]
    assert found.submission.files["hw/nets/train.py"] == GIVEN["train.py"]
    assert "`hw/nets/data.py`" in found.submission.notes[-1]
    assert "hw/nets/data.py" in found.paths


@pytest.mark.parametrize(
    "entry", ["hw/nets/mine.py", "hw/x/nets/mine.py", "hw/other/networks.py", "hw/flat.py"]
)
def test_beside_the_module_that_is_run_lies_no_copy_of_theirs(course, entry):
    """Also where the entry was found by what it defines, under another name or in another folder."""
    folder = entry.rpartition("/")[0]
    theirs = {
        entry: b"",
        f"{folder}/data.py": b"MINE = True\n",
        "hw/a/nets/networks.txt": b"",
        "hw/a/train.py": b"",
    }
    found = with_given(handed_in(theirs, entry=entry), course())
    assert found.submission.files[f"{folder}/data.py"] == GIVEN["nets/data.py"]


def test_a_module_tells_the_top_folder_where_there_is_no_entry(course):
    modules = [{"name": "act", "files": ["nets/act.py"]}]
    theirs = {"hw/nets/act.py": b"", "hw/nets/nets/networks.py": b"", "hw/nets/train.py": b""}
    assignment = course()
    config = AssignmentConfig.model_validate({**assignment.config.model_dump(), "modules": modules})
    assignment = Assignment("lab", assignment.folder, assignment.reference, config, "0" * 12)
    found = with_given(handed_in(theirs, modules={"act": "hw/nets/act.py"}), assignment)
    assert {"hw/train.py", "hw/nets/data.py"} <= found.paths


def test_files_of_theirs_that_only_share_a_name_stay(course):
    theirs = {"hw/nets/networks.py": b"", "hw/plots/train.py": b"mine", "hw/plots/data.py": b"mine"}
    found = with_given(handed_in(theirs, entry="hw/nets/networks.py"), course())
    assert {path: found.submission.files[path] for path in theirs} == theirs
    assert found.submission.notes == ()
