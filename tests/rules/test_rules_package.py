"""The table [package]: names of archives, the folder inside, and what has to be there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.assignment import Package, RequiredPath
from grader.errors import SpecError
from grader.intake.model import NotebookPlaces, Submission
from grader.rules import check_package

PACKAGE = Package(
    name=r"[a-z]+_[a-z]+_hw1\.tar\.gz",
    example="[firstname]_[lastname]_hw1.tar.gz",
    name_points=5,
    folder_points=3,
    required=(
        RequiredPath(path="ReadMe*", points=2, message="A ReadMe says how to run it."),
        RequiredPath(path="my_networks/", points=4),
        RequiredPath(path="G-equivariant_*/*.ipynb", points=1),
    ),
)
FILES = ("ReadMe.txt", "train.py", "my_networks/networks.py", "G-equivariant_AE/AE skeleton.ipynb")
RIGHT = "ada_lovelace_hw1"


def upload(name=f"{RIGHT}.tar.gz", folder=f"{RIGHT}/", files=FILES, places=()):
    content = {folder + path: b"" for path in files}
    return Submission(name, "0" * 64, content, None, places=dict(places))


def broken(submission, package=PACKAGE):
    """id -> (points, message)"""
    return {found.rule_id: (found.points, found.message) for found in check_package(submission, package)}


def test_nothing_is_wrong_with_the_right_archive():
    assert broken(upload()) == {}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (f"{RIGHT} (1).tar.gz", "second copy"),
        (f"{RIGHT}.tar (2).gz", "second copy"),
        (f"{RIGHT} - Copy.tar.gz", "second copy"),
        (f"{RIGHT}-2.tar.gz", "second copy"),
        ("Ada_Lovelace_HW1.tar.gz", "upper and lower case"),
        ("ada lovelace hw1.tar.gz", "instead of blanks"),
        (f"{RIGHT}.zip", "Pack it as `.tar.gz`, not as `.zip`"),
        (f"{RIGHT}.TAR.GZ", "upper and lower case"),
        ("Ada_Lovelace_hw1 (3).zip", "upper and lower case"),
    ],
)
def test_a_name_that_is_nearly_right_is_told_how_to_become_so(name, says):
    points, message = broken(upload(name))["package-name"]
    assert points == 5
    assert says in message
    assert "[firstname]_[lastname]_hw1.tar.gz" in message
    assert name in message


@pytest.mark.parametrize("name", ["hw1.tar.gz", "x.zip", f"{RIGHT}2.tar.gz", f"x{RIGHT}.tar.gz.zip"])
def test_any_other_name_is_wrong_without_advice(name):
    message = broken(upload(name))["package-name"][1]
    assert message.endswith(f"is `{name}`.")


def test_a_copy_keeps_the_folder_of_the_first():
    assert set(broken(upload(f"{RIGHT} (1).tar.gz"))) == {"package-name"}


def test_a_wrong_name_costs_once_where_the_folder_has_the_right_one():
    assert set(broken(upload("homework.tar.gz"))) == {"package-name"}


@pytest.mark.parametrize(
    ("name", "folder", "is_right"),
    [
        ("hw.zip", "hw/", True),
        ("hw (1).zip", "hw/", True),
        ("hw (1).zip", "hw (1)/", True),
        ("hw.zip", "x/", False),
    ],
)
def test_a_folder_may_be_asked_for_without_a_name(name, folder, is_right):
    assert (broken(upload(name, folder), Package(folder_points=3)) == {}) is is_right


@pytest.mark.parametrize("folder", ["", "hw/", "ADA_lovelace_hw1/"])
def test_the_folder_inside_has_the_archives_name(folder):
    found = broken(upload(folder=folder))
    assert set(found) == {"package-folder"}
    assert found["package-folder"][0] == 3
    assert f"one folder `{RIGHT}/`" in found["package-folder"][1]


def test_a_second_folder_is_not_one_folder():
    files = [*(f"{RIGHT}/{path}" for path in FILES), "other/x.py"]
    assert "`ada_lovelace_hw1/`, `other/`" in broken(upload(folder="", files=files))["package-folder"][1]


def test_each_missing_path_is_named_by_its_number():
    found = broken(upload(files=["train.py"]))
    assert {key: points for key, (points, _) in found.items()} == {
        "package-missing-1": 2,
        "package-missing-2": 4,
        "package-missing-3": 1,
    }
    assert found["package-missing-1"][1].startswith("A ReadMe says how to run it. The file `ReadMe*`")
    assert "The folder `my_networks/` is missing" in found["package-missing-2"][1]


@pytest.mark.parametrize("readme", ["readme", "README.md", "ReadMe.rtf"])
def test_case_and_endings_do_not_matter_where_the_pattern_leaves_them_open(readme):
    assert broken(upload(files=[readme, *FILES[1:]])) == {}


def test_what_lies_elsewhere_is_pointed_at():
    found = broken(upload(files=["docs/ReadMe.txt", *FILES[1:]]))
    assert "there is only `ada_lovelace_hw1/docs/ReadMe.txt`" in found["package-missing-1"][1]


@pytest.mark.parametrize("folder", ["", f"{RIGHT}/", f"{RIGHT}/{RIGHT}/"])
def test_paths_are_found_below_whatever_folder_is_around_them(folder):
    assert not any(key.startswith("package-missing") for key in broken(upload(folder=folder)))


def test_a_notebook_is_looked_for_as_it_was_handed_in():
    files = [*FILES[:-1], "G-equivariant_AE/AE_skeleton.py"]
    place = f"{RIGHT}/G-equivariant_AE/AE_skeleton.py"
    notebook = NotebookPlaces(f"{RIGHT}/G-equivariant_AE/AE skeleton.ipynb")
    assert broken(upload(files=files, places={place: notebook})) == {}
    assert set(broken(upload(files=files))) == {"package-missing-3"}


@pytest.mark.parametrize("name", ["networks.py", "hw.ipynb", "HW.PY", "answers.toml"])
def test_a_file_by_itself_breaks_nothing(name):
    assert broken(upload(name, folder="", files=[name])) == {}


def test_answers_alone_break_nothing_in_an_archive_either():
    assert broken(upload("submission.zip", folder="", files=["answers.toml"])) == {}


def test_a_folder_on_disk_has_no_archives_name():
    assert broken(upload("reference", folder="")) == {}
    assert set(broken(upload("reference", folder="", files=["train.py"]))) == {
        f"package-missing-{number}" for number in (1, 2, 3)
    }


def test_an_assignment_without_the_table_asks_for_nothing():
    assert broken(upload("x (1).zip", folder="", files=["a.py"]), Package()) == {}


def test_a_pattern_that_is_none_is_the_authors_mistake():
    with pytest.raises(SpecError, match=r"package\.name"):
        check_package(upload("a.py"), Package(name="("))


@given(st.text(max_size=120), st.lists(st.text(max_size=40), max_size=6))
def test_no_name_can_raise(name, paths):
    found = check_package(Submission(f"{name}.zip", "0" * 64, dict.fromkeys(paths, b""), None), PACKAGE)
    assert all(one.message and one.line == 0 for one in found)
