"""Notebooks: which files are read as one, what is said of broken ones, and which lines stay."""

import ast
import gc
import json
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_archives import config, tar_of, zip_of
from notebooks import cell, notebook

from grader.errors import SubmissionError
from grader.intake import read, read_bytes
from grader.intake.notebook import MAX_CELLS, MAX_ITEMS

F = "def f(x):\n    return x"


def take(data, name="solution.ipynb", **code):
    return read_bytes(name, data, config(**code))


def lines_at(submission, path="solution.py"):
    """(cell, line within it, text) of every line that is not blank."""
    places, found = submission.places[path], []
    for number, text in enumerate(submission.files[path].decode().split("\n"), 1):
        where = places.describe(number)
        if text.strip() and where.startswith("cell") and not text.startswith("# cell "):
            _, numbered, _, line = where.replace(",", "").split()
            found.append((int(numbered), int(line), text))
    return found


def names(submission, path="solution.py"):
    """What running the file would bind at its top level."""
    scope = {}
    exec(compile(submission.files[path], path, "exec"), scope)  # noqa: S102 - this test's own cells
    return {name: value for name, value in scope.items() if not name.startswith("__")}


# ------------------------------------------------------------------ what is taken


def test_code_cells_become_one_python_file_in_order():
    submission = take(
        notebook(
            cell("# A title", "markdown"),
            cell(["import math\n", "SIZE = 3"]),
            cell("text", "raw"),
            "",
            "def area(r):\n    return math.pi * r * r",
        )
    )
    assert submission.entry == "solution.py"
    assert set(submission.files) == {"solution.py"}
    assert submission.notes == ()
    assert lines_at(submission) == [
        (1, 1, "import math"),
        (1, 2, "SIZE = 3"),
        (2, 1, "def area(r):"),
        (2, 2, "    return math.pi * r * r"),
    ]
    assert names(submission)["area"](1) == pytest.approx(3.14159265)


def test_a_line_outside_any_cell_is_a_line_of_the_notebook():
    places = take(notebook(F)).places["solution.py"]
    assert places.place(1) == ("solution.ipynb", 1)
    assert places.place(4) == ("solution.ipynb, cell 1", 1)
    assert places.describe(5) == "cell 1, line 2"


def test_texts_name_the_notebook_and_not_the_file_made_of_it():
    files = {"hw/solution.py": b"x=1", "hw/my net.ipynb": notebook(F), "hw/tmy_net.py": b"x=1"}
    submission = read_bytes("hw.zip", zip_of(files), config())
    assert submission.place("hw/my_net.py", 5) == ("hw/my net.ipynb, cell 1", 2)
    assert submission.place("hw/my_net.py", 0) == ("hw/my net.ipynb", 0)
    assert submission.place("hw/solution.py", 5) == ("hw/solution.py", 5)
    words = submission.in_their_words("my_net.py, tmy_net.py, hw/my_net.py and my_net.pyc")
    assert words == "my net.ipynb, tmy_net.py, hw/my net.ipynb and my_net.pyc"


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("x = 1\n%matplotlib inline\n!pip install torch \\\n    numpy\ny = 2", {"x": 1, "y": 2}),
        ("%%time\nx = 1", {"x": 1}),
        ("\n  %%capture out\nx = 1", {"x": 1}),
        ("%%bash\nx = 1", {}),
        ("%%writefile other.py\nx = 1", {}),
        ("files = !ls\nt = %timeit -o f()\nx = 1", {"x": 1}),
        ("len?\nstr.join??  # help\n?len\nx = 1", {"x": 1}),
        ("if True:\n    !ls\n    x = 1", {"x": 1}),
        ("x = (7\n% 4)", {"x": 3}),
        ("x = 7 \\\n% 4", {"x": 3}),
        ("x = '''\n%d\n!ls\n'''", {"x": "\n%d\n!ls\n"}),
        ("x = \"a\\\"'''b\"\n%time\ny = 1", {"x": "a\"'''b", "y": 1}),
        ('x = 1  # it\'s """\n%time\ny = 1', {"x": 1, "y": 1}),
        ("x = 1  # \\\n%time\ny = 1", {"x": 1, "y": 1}),
        ("x = 8\nx %= 5", {"x": 3}),
        ("x = 1\r\ny = 2\rz = 3", {"x": 1, "y": 2, "z": 3}),
        ("from __future__ import annotations\nx = 1", {"x": 1}),
        ("x = 'é' ; print(x) ; y = 'ü'  # ö", {"x": "é", "y": "ü"}),
        ("# coding: latin-1\nx = 'é'", {"x": "é"}),
        ("x = '\ud800'", {"x": "?"}),
    ],
)
def test_what_only_ipython_understands_goes_and_python_stays(source, kept):
    submission = take(notebook("first = 0", source))
    bound = names(submission)
    bound.pop("annotations", None)
    assert bound == {"first": 0, **kept}


def test_a_cell_that_does_not_parse_is_lost_by_itself():
    submission = take(notebook("x = 1", "y = 2\ndef broken(:\n    pass", "z = 3"))
    assert names(submission) == {"x": 1, "z": 3}
    (note,) = submission.notes
    assert note.startswith("`solution.ipynb`, cell 2, line 2: invalid syntax: `def broken(:`.")
    assert "lost" in note


def test_cells_have_one_cap_together():
    submission = take(notebook("x = 1", *["y = [" + "1," * 60_000 + "]"] * 3, "z = 2"), max_bytes=10**6)
    assert len(names(submission)) == 2
    assert [note for note in submission.notes if "cell 3: too long to be read" in note]


def test_the_last_of_several_definitions_counts():
    submission = take(notebook("def f():\n    pass", "x = 1", "def f():\n    return 2", "def g(): pass"))
    assert names(submission)["f"]() == 2
    (note,) = submission.notes
    assert "`f` is defined in cell 1 and again in cell 3; the last one counts" in note


def test_notes_name_runs_of_lines_and_stay_short():
    source = "print(1)\nprint(2)\n\nx = 1\nprint(3)\n" + "y = 1\nprint(4)\n" * 20
    (note,) = take(notebook(source)).notes
    assert "cell 1, lines 1-2; cell 1, line 5; cell 1, line 7;" in note
    assert "and 16 more" in note
    assert len(note) < 300


def test_outputs_do_not_matter():
    plain = take(notebook("x = 1"))
    big = take(
        notebook(cell("x = 1", outputs=[{"data": {"image/png": "A" * 1_000_000}}], metadata={"a": [1]}))
    )
    assert big == plain


# ------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("solution.ipynb", "solution.py"),
        ("Solution (1).IPYNB", "Solution_1.py"),
        ("G-equivariant-AE-skeleton.ipynb", "G_equivariant_AE_skeleton.py"),
        ("hw 3.ipynb", "hw_3.py"),
        ("3rd.ipynb", "notebook_3rd.py"),
        ("class.ipynb", "notebook_class.py"),
        ("…….ipynb", "notebook.py"),
        ("été.ipynb", "été.py"),
        ("a__b.ipynb", "a__b.py"),
        ("x" * 300 + ".ipynb", "solution.py"),
    ],
)
def test_the_python_file_has_a_name_that_can_be_imported(name, path):
    submission = take(notebook(F), name)
    assert submission.entry == path
    assert set(submission.files) == set(submission.places) == {path}


@pytest.mark.parametrize("wanted", ["solution.py", "solution.ipynb"])
@pytest.mark.parametrize(
    "found",
    [
        "solution.ipynb",
        "Solution.ipynb",
        "solution (2).ipynb",
        "Copy of solution.ipynb",
        "solution-Copy1.ipynb",
    ],
)
def test_the_entry_is_found_with_either_ending(wanted, found):
    data = zip_of({found: notebook(F), "helper.py": b"x = 1\n"})
    submission = read_bytes("hw.zip", data, config(files=(wanted,)))
    assert submission.handed_in(submission.entry) == found
    assert bool(submission.notes) == (found != "solution.ipynb")


def test_in_folders_and_archives_everywhere(tmp_path):
    files = {"hw/solution.ipynb": notebook(F), "hw/util.ipynb": notebook("u = 1"), "hw/data.csv": b"1"}
    (tmp_path / "hw").mkdir()
    for path, data in files.items():
        (tmp_path / path).write_bytes(data)
    wanted = read_bytes("hw.zip", zip_of(files), config())
    assert set(wanted.files) == {"hw/solution.py", "hw/util.py", "hw/data.csv"}
    assert wanted.entry == "hw/solution.py"
    assert read_bytes("hw.tgz", tar_of(files, "w:gz"), config()).sha256 == wanted.sha256
    assert read(tmp_path, config()).files == wanted.files
    alone = read(tmp_path / "hw" / "solution.ipynb", config())
    assert alone.files == {"solution.py": wanted.files["hw/solution.py"]}


def test_a_script_beside_the_notebook_of_the_same_name_counts():
    files = {"solution.ipynb": notebook("x = 1"), "Solution.py": b"x = 2\n"}
    submission = read_bytes("hw.zip", zip_of(files), config())
    assert submission.files == {"Solution.py": b"x = 2\n"}
    assert "`solution.ipynb` was not read, because `Solution.py` is there as well." in submission.notes
    two = read_bytes(
        "h.zip", zip_of({"a b.ipynb": notebook("x = 1"), "a_b.ipynb": notebook("x = 2")}), config()
    )
    assert names(two, "a_b.py") == {"x": 1}


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"x = 1\n", "not a Jupyter notebook"),
        (b"%PDF-1.4", "it looks like a PDF"),
        (b"<!DOCTYPE html>", "download the raw file"),
        (b"[1, 2]", "not a Jupyter notebook"),
        (b"{}", "no list of cells"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"cells": 3, "nbformat": 4}', "cells of `solution.ipynb` are damaged"),
        (b'{"cells": [3], "nbformat": 4}', "cells of `solution.ipynb` are damaged"),
        (notebook(cell(3)), "source is no text"),
        (notebook(cell(["x", 3])), "source is no text"),
        (notebook(), "no code cells"),
        (notebook(cell("x", "markdown"), "  \n"), "no code cells"),
        (b'{\n "cells": [\n  oops\n', "line 3: Expecting value"),
        (notebook(F)[:-20], "line 1: .*damaged or cut off"),
        (b'{"cells": "\xff"}', "cannot be read"),
        (b'{"cells": ' + b"9" * 5000, "cannot be read"),
        (b'{"cells": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"cells": ' + b"[" * (MAX_ITEMS + 1), "too much to be read.*clear them"),
        (b'{"worksheets": [{"cells": []}], "nbformat": 3}', "old format"),
        (notebook(F, nbformat=3), "old format"),
        (notebook(F, nbformat="4"), "old format"),
        (notebook(F, nbformat=5), "newer than 4"),
        (notebook(*[F] * (MAX_CELLS + 1)), f"more than {MAX_CELLS} cells"),
        (b'{\n "cells": [\n<<<<<<< HEAD\n 1\n=======\n 2\n>>>>>>> x\n', "line 3: .*unfinished merge"),
        (b"<<<<<<< HEAD\n{}\n", "line 1: .*unfinished merge"),
        (b"{\n=======\r\n", "line 2: .*unfinished merge"),
    ],
)
def test_broken_notebooks_get_a_sentence_that_says_what_to_do(data, words):
    with pytest.raises(SubmissionError, match=words) as caught:
        take(data, max_bytes=10_000_000)
    assert "`solution.ipynb`" in str(caught.value)
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 500


def test_a_notebook_that_is_too_big_is_told_to_clear_its_outputs():
    with pytest.raises(SubmissionError, match=r"bigger than 1000 bytes\..*outputs: clear them"):
        take(notebook("#" * 1000), max_bytes=1000)
    with pytest.raises(SubmissionError, match="clear the outputs of notebooks"):
        read_bytes("hw.zip", zip_of({"solution.ipynb": notebook("#" * 1000)}), config(max_bytes=1000))


def test_a_notebook_with_the_wrong_ending_is_told_the_right_one():
    with pytest.raises(SubmissionError, match=r"a Jupyter notebook\. Give it the ending \.ipynb"):
        take(notebook(F), "solution.py")


def test_a_broken_notebook_beside_the_solution_is_a_note():
    submission = read_bytes("hw.zip", zip_of({"solution.py": b"x = 1\n", "old.ipynb": b"{"}), config())
    assert submission.entry == "solution.py"
    assert [note for note in submission.notes if note.startswith("`old.ipynb`, line 1")]
    assert submission.unreadable == {}
    with pytest.raises(SubmissionError, match=r"^`old\.ipynb`, line 1"):
        read_bytes("hw.zip", zip_of({"old.ipynb": b"{", "data.csv": b""}), config())


# ------------------------------------------------------------------ exported scripts


def test_a_script_exported_from_a_notebook_is_treated_like_one():
    source = (
        b"#!/usr/bin/env python\n# coding: utf-8\n\n# In[1]:\n\nimport math\nprint(1)\n\n# In[ ]:\n\nx = 2\n"
    )
    submission = take(source, "solution.py")
    assert names(submission).keys() == {"math", "x"}
    assert submission.places["solution.py"].place(7) == ("solution.py", 7)
    assert submission.files["solution.py"] == source.replace(b"print(1)", b"pass")
    assert "(line 7)" in submission.notes[0]


@pytest.mark.parametrize("source", [b"x = 1\nprint(1)\n", b"# In[1]:\ndef f(:\n"])
def test_other_scripts_stay_as_they_are(source):
    submission = take(source, "solution.py")
    assert submission.files["solution.py"] == source
    assert not submission.places


# ------------------------------------------------------------------ properties

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.sampled_from(["cells", "cell_type", "source", "outputs", "nbformat", "worksheets", "a"]),
            children,
            max_size=5,
        )
    ),
    max_leaves=20,
)
SOURCES = st.text(alphabet="ab=()'\"\\#%!?:;, \n\r\tx1é", max_size=60) | st.text(max_size=30)
CELLS = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown"]) | JSON, "source": SOURCES | st.lists(SOURCES) | JSON}
)


def refused_or_sound(data):
    """Either a sentence, or Python that parses."""
    try:
        submission = take(data)
    except SubmissionError as error:
        refusal = str(error)
    else:
        refusal = "."
        check_sound(submission)
    assert refusal.endswith(".")


def check_sound(submission):
    text = submission.files["solution.py"].decode()
    ast.parse(text)
    starts = submission.places["solution.py"].starts
    assert list(starts) == sorted(set(starts))
    assert starts[-1] <= len(text.split("\n"))
    assert all(len(note) < 2000 for note in submission.notes)


@given(JSON)
def test_any_json_is_refused_or_sound(value):
    refused_or_sound(json.dumps(value).encode())


@given(st.lists(CELLS, max_size=5), st.sampled_from([4, 4, 4, 3, 5, None]))
def test_any_cells_are_refused_or_sound(cells, version):
    refused_or_sound(json.dumps({"cells": cells, "nbformat": version}).encode())


@given(st.binary(max_size=100))
def test_any_bytes_are_refused_or_sound(data):
    refused_or_sound(data)
    refused_or_sound(b"{" + data)


@given(st.integers(0, 2**32), st.binary(min_size=1, max_size=3))
def test_any_damage_is_refused_or_sound(seed, junk):
    data = bytearray(notebook("import os\n%time\nx = [1,\n 2]", F, "x = '''\n%d'''"))
    place = seed % len(data)
    data[place : place + (zlib.crc32(junk) % 4)] = junk
    refused_or_sound(bytes(data))


STATEMENTS = st.sampled_from(
    [
        "x = 1",
        "def f(a):\n    return a",
        "import math",
        "class A:\n    y = 2",
        "z: int = 3",
        "if True:\n    w = 4",
    ]
)
NOISE = st.sampled_from(
    ["%time", "!ls", "print(1)", "for i in range(2):\n    i", "assert True", "f(\n 2)", "x?"]
)


@given(st.lists(st.lists(STATEMENTS | NOISE, min_size=1, max_size=5), min_size=1, max_size=4))
def test_every_definition_stays_on_its_line(cells):
    submission = take(notebook(*["\n".join(statements) for statements in cells]))
    expected = [
        (number, line, text)
        for number, statements in enumerate(cells, 1)
        for line, text, kept in _numbered(statements)
        if kept
    ]
    assert [line for line in lines_at(submission) if line[2].strip() != "pass"] == expected


def _numbered(statements):
    line = 0
    for statement in statements:
        kept = statement.startswith(("x =", "def", "import", "class", "z", "if"))
        for text in statement.split("\n"):
            line += 1
            yield line, text, kept


# ------------------------------------------------------------------ work is bounded


def seconds(data):
    """Of processor time, the least of three. Without the garbage collector: its time is that of the heap."""
    taken = []
    gc.disable()
    try:
        for _ in range(3):
            began = time.process_time()
            take(data, max_bytes=8_000_000)
            taken.append(time.process_time() - began)
    finally:
        gc.enable()
    return min(taken)


def test_many_statements_on_one_line_take_time_in_proportion():
    """Four times the statements once took sixteen times as long."""
    few, many = (notebook(("f();" + " " * 160) * count) for count in (9_000, 36_000))
    assert seconds(many) < 9 * seconds(few)


def test_a_long_chain_of_elif_is_read_to_its_end():
    chain = "if a:\n    pass\n" + "".join(f"elif a == {n}:\n    f()\n" for n in range(1100))
    made = take(notebook("a = 1099", f"{chain}else:\n    B = 2", "C = 3"))
    text = made.files["solution.py"].decode()
    assert "f()" not in text
    assert "B = 2\n" in text
    assert text.endswith("C = 3\n")


def test_notebooks_of_one_upload_share_the_room():
    big = notebook("x = 1" + "\n" * 150_000)
    made = read_bytes("hw.zip", zip_of({"a.ipynb": big, "b.ipynb": big, "solution.py": b"y = 1"}), config())
    assert b"x = 1" in made.files["a.py"]
    assert b"x = 1" not in made.files["b.py"]
    assert "`b.ipynb`, cell 1: too long to be read" in made.notes[0]


def test_what_stands_after_a_statement_of_several_lines_keeps_its_place():
    made = take(notebook('f(\n1,\n); x = 1; g("""\n""")\n\ny = 2'))
    assert lines_at(made) == [(1, 1, "pass; x = 1; pass"), (1, 6, "y = 2")]


def test_a_file_of_theirs_called_future_is_none():
    made = take(notebook("x = 1", "from .__future__ import annotations"))
    assert "from __future__" not in made.files["solution.py"].decode()
