"""Which files are the entry and the further modules that an assignment asks for."""

import pytest
from intake_archives import zip_of
from notebooks import notebook

from grader.assignment import AssignmentConfig
from grader.errors import SubmissionError
from grader.intake import read_bytes

A, B, C = (notebook(f"def {name}(): pass") for name in "abc")
ALL = {"filters.ipynb": A, "edges.ipynb": B, "memory.ipynb": C}


def wanted(*modules, files=("filters.ipynb",), required=("a",), **more):
    return AssignmentConfig.model_validate(
        {
            "name": "hw",
            "title": "Homework",
            "code": {"entry": "filters", "files": files, "required_names": required},
            "modules": modules
            or [
                {"name": "edges", "files": ["edges.ipynb"], "required_names": ["b"]},
                {"name": "memory", "files": ["memory.py"]},
            ],
            **more,
        }
    )


def take(files, config=None, name="hw.zip"):
    return read_bytes(name, zip_of(files), config or wanted())


def handed_in(submission):
    found = {name: submission.handed_in(path) for name, path in submission.modules.items()}
    return submission.entry and submission.handed_in(submission.entry), found


@pytest.mark.parametrize(
    ("files", "entry", "modules"),
    [
        ({**ALL, "util.py": b"x=1"}, "filters.ipynb", ["edges.ipynb", "memory.ipynb"]),
        ({"hw/filters.py": b"x=1", "hw/Edges (1).py": b"y=1"}, "hw/filters.py", ["hw/Edges (1).py", None]),
        ({"one.ipynb": B, "two.ipynb": A}, "two.ipynb", ["one.ipynb", None]),
        ({"one.ipynb": B, "memory.py": b"x=1"}, None, ["one.ipynb", "memory.py"]),
        ({"memory.py": b"x=1"}, None, [None, "memory.py"]),
        ({"Copy of edges.ipynb": A}, None, ["Copy of edges.ipynb", None]),
        ({"other.py": b"x=1"}, "other.py", [None, None]),
        ({"edges.ipynb": B, "other.py": b"x=1"}, "other.py", ["edges.ipynb", None]),
        ({"edges.ipynb": B, "x.py": b"x=1", "y.py": b"y=1"}, None, ["edges.ipynb", None]),
    ],
)  # fmt: skip
def test_each_is_found_by_name_then_by_what_it_defines(files, entry, modules):
    expected = dict(zip(("edges", "memory"), modules, strict=True))
    assert handed_in(take(files)) == (entry, {name: path for name, path in expected.items() if path})


def test_a_lone_file_may_be_any_of_them():
    assert handed_in(read_bytes("edges (2).ipynb", B, wanted())) == (None, {"edges": "edges (2).ipynb"})
    assert handed_in(read_bytes("Untitled.ipynb", B, wanted())) == (None, {"edges": "Untitled.ipynb"})
    assert handed_in(read_bytes("Untitled.ipynb", C, wanted())) == ("Untitled.ipynb", {})


def test_names_in_other_spelling_are_noted():
    notes = take({"Filters.ipynb": A, "edges-2.py": b"x=1"}).notes
    assert notes == (
        "`Filters.ipynb` was read as `filters.ipynb`.",
        "`edges-2.py` was read as `edges.ipynb`.",
    )


def test_modules_of_packages_are_found_below_the_top_folder():
    config = wanted(
        {"name": "nets", "files": ["my_nets/nets.py"]}, files=("my_nets/__init__.py",), required=()
    )
    files = {"jane/my_nets/__init__.py": b"", "jane/my_nets/nets.py": b"x=1", "jane/run.py": b"x=1"}
    submission = take(files, config)
    assert submission.modules == {"nets": "jane/my_nets/nets.py"}


def test_none_at_all_is_refused_with_what_was_found():
    with pytest.raises(SubmissionError, match=r"`x\.py`, `y\.py`.*Name the one with your solution `filters"):
        take({"x.py": b"x=1", "y.py": b"y=1"})
    with pytest.raises(SubmissionError, match="no Python file"):
        take({"report.pdf": b"%PDF"})


@pytest.mark.parametrize(
    ("files", "lost", "words"),
    [
        ({"filters.ipynb": b"{", "edges.ipynb": B}, "filters.py", "`filters.ipynb`, line 1"),
        ({"filters.ipynb": A, "edges.ipynb": b""}, "edges.py", "`edges.ipynb` is empty"),
        ({"filters.ipynb": A, "memory.py": b"\0"}, "memory.py", "`memory.py` contains a NUL byte"),
        ({"filters.py": b"", "edges.ipynb": B}, "filters.py", "`filters.py` is empty"),
    ],
)
def test_one_that_cannot_be_read_is_lost_by_itself(files, lost, words):
    submission = take(files)
    (path,) = submission.unreadable
    assert path == lost
    assert submission.unreadable[path].startswith(words)
    assert submission.unreadable[path] in submission.notes


def test_exported_scripts_of_any_module_are_treated_like_notebooks():
    submission = take({"filters.ipynb": A, "memory.py": b"# In[1]:\nx = 1\nprint(x)\n"})
    assert submission.files["memory.py"] == b"# In[1]:\nx = 1\npass\n"
    assert set(submission.places) == {"filters.py", "memory.py"}
