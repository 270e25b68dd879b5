"""Which folder of an archive is meant, and what fits a pattern."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.intake.layout import archive_suffix, best_top, fits, fits_anywhere, is_archive, is_lone, tops


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a.py"], ("",)),
        (["x/a.py"], ("", "x/")),
        (["x/a.py", "note.txt"], ("", "x/")),
        (["x/y/a.py"], ("", "x/", "x/y/")),
        (["x/y/a.py", "x/z/b.py"], ("", "x/")),
        (["x/a.py", "y/b.py"], ("",)),
    ],
)
def test_tops(paths, expected):
    assert tops(paths) == expected


@pytest.mark.parametrize(
    ("paths", "expected", "top"),
    [
        (["hw/train.py", "hw/nets/n.py"], [], "hw/"),
        (["train.py", "nets/n.py"], [], ""),
        (["answers.toml", "hw/train.py"], [], "hw/"),
        (["report.pdf", "hw/train.py"], [], ""),
        (["report.pdf", "hw/train.py"], ["train.py"], "hw/"),
        (["nets/n.py"], ["nets/n.py"], ""),
        (["hw/nets/n.py"], ["nets/"], "hw/"),
        (["hw/hw/nets/n.py", "hw/hw/train.py"], ["train.py"], "hw/hw/"),
    ],
)
def test_best_top(paths, expected, top):
    assert best_top(paths, expected) == top


@pytest.mark.parametrize(
    ("path", "pattern", "result"),
    [
        ("ReadMe.md", "readme*", True),
        ("docs/ReadMe", "readme*", False),
        ("a/b/c.py", "a/*.py", True),
        ("nets/x.py", "nets/", True),
        ("nets", "nets/", False),
        ("a1.py", "a?.py", False),
        ("x[1].py", "x[1].py", True),
        ("x1.py", "x[1].py", False),
    ],
)
def test_fits(path, pattern, result):
    assert fits(path, pattern) is result


@given(st.lists(st.from_regex(r"[a-z]{1,5}", fullmatch=True), min_size=1, max_size=6))
def test_a_path_fits_itself_in_any_folder(steps):
    path = "/".join(steps)
    assert fits(path, path)
    assert fits_anywhere(path, steps[-1])
    assert fits_anywhere(f"top/{path}", path)
    assert not fits_anywhere(path, f"{path}/")


def test_kinds_of_uploads():
    assert [archive_suffix(name) for name in ("a.tar.gz", "a.TGZ", "a.b.zip", "a.py", "zip")] == [
        *(".tar.gz", ".TGZ", ".zip", "", "")
    ]
    assert is_archive("x.tar")
    assert not is_archive("folder")
    assert is_lone("a.py", ["a.py"])
    assert not is_lone("a.zip", ["a.py"])
