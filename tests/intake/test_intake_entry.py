"""Which of several files is the solution, and whether the digest is of the content."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_archives import config, tar_of, zip_of

from grader.errors import SubmissionError
from grader.intake import read, read_bytes

CODE = b"x = 1\n"


def entry_of(names, **code):
    files = names if isinstance(names, dict) else dict.fromkeys(names, CODE)
    return read_bytes("hw.zip", zip_of(files), config(**code))


@pytest.mark.parametrize(
    ("names", "entry"),
    [
        (["solution.py", "helper.py", "old/solution.py"], "solution.py"),
        (["hw/solution.py", "hw/helper.py"], "hw/solution.py"),
        (["hw/solution.py", "hw/helper.py", "README.txt"], "hw/solution.py"),
        (["Solution.py", "helper.py"], "Solution.py"),
        (["solution (1).py", "helper.py"], "solution (1).py"),
        (["solution(2).py", "helper.py"], "solution(2).py"),
        (["hw/Solution-2.py", "hw/helper.py"], "hw/Solution-2.py"),
        (["solution - Copy.py", "helper.py"], "solution - Copy.py"),
        (["solution.py", "solution (1).py"], "solution.py"),
        (["Solution.py", "backup/solution.py"], "Solution.py"),
        (["deep/down/hw.py"], "deep/down/hw.py"),
        (["a.py", "data.txt"], "a.py"),
    ],
)
def test_entry_by_name(names, entry):
    submission = entry_of(names)
    assert submission.entry == entry
    assert bool(submission.notes) == (not entry.endswith("solution.py"))


COPIES = """
from intake_archives import config, zip_of
from grader.intake import read_bytes
name = "a" + "_copy 1" * 30 + "x.py"
print(read_bytes("hw.zip", zip_of({name: b"x = 1", "old.py": b"", "Solution.py": b"y = 1"}), config()).entry)
"""


def test_names_like_copies_of_copies_take_no_time():
    """Numbers that may be read in two ways once doubled the time with each of them."""
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", COPIES.replace("Solution", "solution (1)")],
        env={"PYTHONPATH": f"{here}:{here.parents[1]}"},
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == b"solution (1).py\n"


@pytest.mark.parametrize(
    ("name", "is_copy"),
    [
        ("solution_copy_copy 2-1 (3).py", True),
        ("solution copy(1.py", True),
        ("Solution - COPY (2) (1).py", True),
        ("solution__2.py", False),
        ("solutioncopy.py", False),
        ("solution (x).py", False),
        ("solution2.py", False),
    ],
)
def test_what_is_added_to_copies(name, is_copy):
    if is_copy:
        assert entry_of([name, "x.py"]).entry == name
    else:
        with pytest.raises(SubmissionError, match="none is named as expected"):
            entry_of([name, "x.py"])


def test_preferred_names_are_tried_in_order():
    files = ("conv.py", "solution.py")
    assert entry_of(["solution.py", "conv.py"], files=files).entry == "conv.py"
    assert entry_of(["solution.py", "x.py"], files=files).entry == "solution.py"
    assert entry_of(["src/net.py", "x.py"], files=("src/net.py",)).entry == "src/net.py"


def test_empty_package_marker_is_not_a_candidate():
    assert entry_of({"pkg/__init__.py": b"", "pkg/impl.py": CODE}).entry == "pkg/impl.py"


def test_entry_by_required_names():
    files = {
        "a.py": b"def f(): pass\n",
        "b.py": b"def f(): pass\nclass G: pass\nH = 1\n",
        "c.py": b"def f(:\nclass G:\n",
        "d.py": b"s = 'def f(): class G: H'\n",
    }
    assert entry_of(files, required_names=("f", "G", "H")).entry == "b.py"
    assert entry_of({"c.py": files["c.py"], "a.py": files["a.py"]}, required_names=("f", "G")).entry == "c.py"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["a.py", "b.py"], "`a.py`, `b.py`"),
        (["solution (1).py", "solution (2).py"], r"`solution \(1\).py`"),
        (["report.pdf", "inner.zip"], "no Python file, only `inner.zip`, `report.pdf`"),
        ([], "no files"),
        ([f"f{number:02}.py" for number in range(30)], "`f09.py`, …"),
    ],
)
def test_no_entry_lists_what_was_found_and_what_is_expected(names, found):
    with pytest.raises(SubmissionError, match=found) as caught:
        entry_of(names, files=("solution.py", "conv.py"))
    assert "`solution.py` or `conv.py`" in str(caught.value)


def test_only_the_entry_must_be_python():
    submission = entry_of({"solution.py": CODE, "old.py": b"%PDF-1.4", "e.py": b"# \xe9\n"})
    assert submission.files["old.py"] == b""
    assert submission.files["e.py"].decode() == "# é\n"
    assert [note.split("`")[1] for note in submission.notes] == ["old.py", "e.py"]
    with pytest.raises(SubmissionError, match="it looks like a PDF"):
        entry_of({"solution.py": b"%PDF-1.4", "old.py": CODE})


NAMES = st.lists(st.from_regex(r"[a-z]{1,8}(\.py|\.txt|)", fullmatch=True), min_size=1, max_size=3).map(
    "/".join
)
TREES = st.dictionaries(NAMES, st.binary(max_size=50), max_size=5)


@given(TREES)
def test_folder_zip_and_tar_of_the_same_files_agree(tmp_path_factory, tree):
    tree = {path: data for path, data in tree.items() if not path.endswith(".py")} | {"solution.py": CODE}
    folder = tmp_path_factory.mktemp("hw")
    try:
        for path, data in tree.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        expected = read(folder, config())
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        with pytest.raises(SubmissionError, match=r"twice|both|reserved"):
            read_bytes("hw.zip", zip_of(tree), config())
        return
    except SubmissionError:
        return
    assert expected.files == tree
    for name, data in (("hw.zip", zip_of(tree)), ("hw.tar", tar_of(tree)), ("hw.tgz", tar_of(tree, "w:gz"))):
        submission = read_bytes(name, data, config())
        assert (submission.files, submission.sha256) == (expected.files, expected.sha256)


def test_digest_knows_where_a_name_ends():
    assert (
        entry_of({"solution.py": CODE, "a": b"bc"}).sha256
        != entry_of({"solution.py": CODE, "ab": b"c"}).sha256
    )


@given(TREES, TREES)
def test_digest_tells_different_content_apart(one, other):
    one, other = one | {"solution.py": CODE}, other | {"solution.py": CODE}
    digests = []
    for tree in (one, other):
        try:
            submission = read_bytes("hw.zip", zip_of(tree), config())
        except SubmissionError:
            return
        digests.append((submission.sha256, submission.files))
    assert (digests[0][0] == digests[1][0]) == (digests[0][1] == digests[1][1])
