"""Single files and folders on disk, and how their text is read."""

import ast
import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from intake_archives import config, zip_of

from grader.errors import SubmissionError, UsageError
from grader.intake import read, read_bytes
from grader.intake.disk import read_regular
from grader.intake.syntax import parse

SOURCE = b"def f(x):\n    return x\n"


def test_lone_file_is_kept_as_it_is(tmp_path):
    (tmp_path / "solution.py").write_bytes(SOURCE)
    submission = read(tmp_path / "solution.py", config())
    assert (submission.name, submission.entry, submission.notes) == ("solution.py", "solution.py", ())
    assert submission.files == {"solution.py": SOURCE}
    assert submission == read_bytes("solution.py", SOURCE, config())


@pytest.mark.parametrize("name", ["solution (1).py", "hw3_final.py", "SOLUTION.PY", "Ünïcode.py"])
def test_any_name_of_a_lone_file_is_accepted_with_a_note(name):
    submission = read_bytes(name, SOURCE, config())
    assert submission.entry == name
    assert submission.notes == (f"`{name}` was read as `solution.py`.",)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/x.py", "x.py"),
        ("C:\\Users\\me\\x.py", "x.py"),
        ("a\0b\n.py", "a?b?.py"),
        ("aux.py", "solution.py"),
    ],
)
def test_name_of_an_upload_is_data(name, kept):
    assert set(read_bytes(name, SOURCE, config()).files) == {kept}


@pytest.mark.parametrize("text", ["x = 'é'\r\n", "if 1:\n\tx = 1\n", "# coding: utf-8\nx = 'é'\n"])
def test_ordinary_text_is_unchanged(text):
    submission = read_bytes("solution.py", text.encode(), config())
    assert submission.files["solution.py"] == text.encode()
    assert submission.notes == ()


@pytest.mark.parametrize(
    ("data", "text", "note"),
    [
        (
            b"x = 1\n# r\xe9sum\xe9\n",
            "x = 1\n# résumé\n",
            "line 2: byte 0xE9 is not UTF-8. It was read as Windows-1252",
        ),
        (b"# \x93quoted\x94\n", "# “quoted”\n", "Windows-1252"),
        (b"# \x81\n", "# \x81\n", "Latin-1"),
        ("# coding: latin-1\nx = 'é'\n".encode("latin-1"), "# coding: utf-8\nx = 'é'\n", "iso8859-1"),
        (
            "#!python\n# -*- coding: cp1251 -*-\n# Ж\n".encode("cp1251"),
            "#!python\n# -*- coding: utf-8 -*-\n# Ж\n",
            "cp1251",
        ),
        ("# coding: punycode\nx = 'é'\n".encode(), "# coding: utf-8\nx = 'é'\n", "first lines declare"),
        (b"# coding: punycode\nx = 1\n", "# coding: utf-8\nx = 1\n", "first lines declare"),
        (b"# coding: unicode_escape\nx = '\\n'\n", "# coding: utf-8\nx = '\\n'\n", "first lines declare"),
        (b"# coding: no-such\nx = 1\n", "# coding: utf-8\nx = 1\n", "first lines declare"),
        ("# coding: ascii\n# é\n".encode(), "# coding: utf-8\n# é\n", "not in the encoding"),
        ("x = 'é'\n".encode("utf-16"), "x = 'é'\n", "UTF-16"),
    ],
)
def test_other_encodings_become_utf8_with_a_note(data, text, note):
    submission = read_bytes("solution.py", data, config())
    assert submission.files["solution.py"].decode() == text
    assert note in submission.notes[0]
    compile(submission.files["solution.py"], "solution.py", "exec")


def test_a_byte_order_mark_goes():
    assert read_bytes("solution.py", b"\xef\xbb\xbfx = 1\r\n", config()).files == {
        "solution.py": b"x = 1\r\n"
    }


HEADS = st.sampled_from(
    [
        *(b"\r", b"\n", b"\r\n", b"\f", b" ", b"\xef\xbb\xbf", b"#", b"# x", b"y = 1", b"''", b"\xe9"),
        *(b"# coding: utf-7", b"# coding: latin-1", b"# coding:utf8", b"#coding= no-such coding: utf-7"),
    ]
)


@given(st.lists(HEADS, max_size=6).map(b"".join))
@example(b"\r# coding: utf-7")
@example(b"# x\r# coding: utf-7")
def test_python_reads_what_was_read_here(head):
    """Python's own reading of the bytes that are kept is the oracle."""
    data = head + b"\n# +AAo-import this\nx = 1\n"
    kept = read_bytes("solution.py", data, config()).files["solution.py"]
    read = parse(kept, "solution.py").tree
    assert _tree(kept) in (None, _tree(kept.decode("utf-8-sig")))
    assert _tree(kept) in (None, read and ast.dump(read))


def _tree(source):
    try:
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return None


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_comment_stays_one_whatever_ends_the_line_before_the_declaration(end):
    data = end + b"# coding: utf-7\nx = 1 # +AAo-y = 2\n"
    kept = read_bytes("solution.py", data, config()).files["solution.py"]
    assert ast.unparse(ast.parse(kept)) == "x = 1"


def test_nothing_stays_of_a_helper_that_cannot_be_read():
    """Python could read it: the rules cannot."""
    hidden = b"# coding: utf-7\n# \x01\nimport this\n"
    files = {"solution.py": SOURCE, "helper.py": hidden}
    submission = read_bytes("hw.zip", zip_of(files), config())
    assert submission.files == {"solution.py": SOURCE, "helper.py": b""}
    assert "`helper.py` contains control characters" in submission.notes[0]


@pytest.mark.parametrize("name", ["a.pyc", "a.so", "pkg/a.cpython-311-x86_64-linux-gnu.so", "a.PYD"])
def test_compiled_modules_are_left_out(name):
    submission = read_bytes("hw.zip", zip_of({"solution.py": SOURCE, name: b"x"}), config())
    assert set(submission.files) == {"solution.py"}


@given(
    st.text(st.characters(codec="latin-1", categories=("L", "N", "Zs"))),
    st.sampled_from(["latin-1", "cp1252", "utf-8"]),
)
def test_a_comment_never_costs_the_homework(comment, encoding):
    data = f"x = 41\n# {comment}\nx += 1\n".encode(encoding, "replace")
    kept = read_bytes("solution.py", data, config()).files["solution.py"]
    scope = {}
    exec(compile(kept.decode("utf-8"), "solution.py", "exec"), scope)  # noqa: S102
    assert scope["x"] == 42


@pytest.mark.parametrize(
    ("data", "looks"),
    [
        (b"%PDF-1.7 ...", "a PDF"),
        (b"PK\x03\x04...", "a zip archive"),
        (b'{"cells": [], "nbformat": 4}', "a Jupyter notebook"),
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (b"{\\rtf1\\ansi}", "RTF"),
        (b"\x1f\x8b\x08\0\0", "a gzip archive"),
        (b"\xa7\r\r\n\0\0\0\0", "compiled Python"),
        (b"x = 1\ny = \0\n", "NUL byte on line 2"),
        (b"\xff\x01\x02\x03", "control characters"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n\t", "is empty"),
    ],
)
def test_what_is_not_python_is_named(data, looks):
    with pytest.raises(SubmissionError, match=r"`solution\.py`") as caught:
        read_bytes("solution.py", data, config())
    assert looks in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("name", ["report.pdf", "hw.rar", "hw.7z", "solution", "solution.txt", "", ".."])
def test_other_kinds_are_refused_with_what_is_accepted(name):
    with pytest.raises(SubmissionError, match=r"Accepted are a \.py file"):
        read_bytes(name, SOURCE, config())


def test_size_of_an_upload_is_capped_on_disk_and_in_memory(tmp_path):
    (tmp_path / "solution.py").write_bytes(SOURCE)
    assert read(tmp_path / "solution.py", config(max_bytes=len(SOURCE))).files
    with pytest.raises(SubmissionError, match="bigger than 22 bytes"):
        read(tmp_path / "solution.py", config(max_bytes=len(SOURCE) - 1))
    with pytest.raises(SubmissionError, match="bigger than 22 bytes"):
        read_bytes("solution.py", SOURCE, config(max_bytes=len(SOURCE) - 1))


def test_a_missing_path_is_our_callers_mistake(tmp_path):
    with pytest.raises(UsageError, match="no file or folder"):
        read(tmp_path / "nothing.py", config())


def test_folder_keeps_packages_and_leaves_out_clutter(tmp_path):
    clutter = [
        ".git/config",
        "__pycache__/a.cpython-311.pyc",
        ".DS_Store",
        "pkg/.ipynb_checkpoints/a.py",
        ".venv/x/y.py",
    ]
    wanted = ["solution.py", "pkg/__init__.py", "pkg/conv.py", "data/points.csv"]
    for path in clutter + wanted:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(SOURCE)
    submission = read(tmp_path, config())
    assert sorted(submission.files) == sorted(wanted)
    assert submission.name == tmp_path.name
    assert "`.git`" in submission.notes[0]


def test_folder_does_not_follow_links_or_open_pipes(tmp_path):
    (tmp_path / "secret.py").write_bytes(b"TOP_SECRET = 1\n")
    folder = tmp_path / "hw"
    folder.mkdir()
    (folder / "solution.py").write_bytes(SOURCE)
    (folder / "stolen.py").symlink_to(tmp_path / "secret.py")
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.py")
    submission = read(folder, config())
    assert set(submission.files) == {"solution.py"}
    assert all(name in submission.notes[0] for name in ("`stolen.py`", "`up`", "`pipe.py`"))


def test_folder_holds_the_same_caps(tmp_path):
    for number in range(5):
        (tmp_path / f"f{number}.py").write_bytes(SOURCE)
    with pytest.raises(SubmissionError, match="more than 4 files"):
        read(tmp_path, config(max_files=4))
    with pytest.raises(SubmissionError, match="more than 100 bytes"):
        read(tmp_path, config(max_bytes=100))


def test_files_are_read_up_to_the_cap_only(tmp_path):
    with (tmp_path / "solution.py").open("wb") as stream:
        stream.truncate(2**40)  # one terabyte of holes
    with pytest.raises(SubmissionError, match="unpacks to more than"):
        read(tmp_path, config())
    with pytest.raises(SubmissionError, match="bigger than"):
        read(tmp_path / "solution.py", config())


def test_a_file_that_becomes_a_link_is_not_read(tmp_path):
    (tmp_path / "link.py").symlink_to(tmp_path / "secret.py")
    (tmp_path / "secret.py").write_bytes(SOURCE)
    with pytest.raises(UsageError, match="cannot be read"):
        read_regular(tmp_path / "link.py", 100)


def test_folder_with_undecodable_name_is_refused(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff.py", "wb") as stream:  # noqa: PTH123
        stream.write(SOURCE)
    with pytest.raises(SubmissionError, match="not UTF-8"):
        read(tmp_path, config())
