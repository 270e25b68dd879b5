"""Whatever the bytes: a Submission within the caps or a SubmissionError, and nothing else."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_archives import TAR_END, config, pax, tar_header, tar_member, tar_of, zip_of

from grader.errors import SubmissionError
from grader.intake import Submission, read_bytes
from grader.intake.paths import MAX_DEPTH, MAX_PATH_BYTES

CAPS = config(answers=True, max_bytes=20_000, max_files=5)
FILES = {"solution.py": b"x = 1\n" * 20, "answers.toml": b"n = 1\n", "a/b.txt": b"text" * 100}
ZIP, TAR, TGZ = zip_of(FILES), tar_of(FILES), tar_of(FILES, "w:gz")


def take(name, data):
    try:
        submission = read_bytes(name, data, CAPS)
    except SubmissionError as error:
        message = str(error)
    else:
        check(submission)
        message = "".join(submission.notes)
    assert len(message) < 2000
    assert message.isprintable()


def check(submission: Submission) -> None:
    assert len(submission.files) <= CAPS.code.max_files
    assert (
        sum(map(len, submission.files.values())) <= 3 * CAPS.code.max_bytes
    )  # one byte of Windows-1252 may be three of UTF-8
    assert submission.entry is None or submission.entry in submission.files
    for path in submission.files:
        assert len(path.encode()) <= MAX_PATH_BYTES
        assert len(path.split("/")) <= MAX_DEPTH
        assert not {"", ".", ".."} & set(path.split("/"))
        assert "\\" not in path
        assert path.isprintable() or "\u200c" in path or not any(ord(char) < 32 for char in path)


ENDINGS = st.sampled_from([".py", ".zip", ".tar", ".tar.gz", ".tgz"])
MAGIC = st.sampled_from(
    [b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\0", b"\xff\xfe", b"# coding: ", b"%PDF"]
)


@given(st.text(max_size=20), ENDINGS, MAGIC, st.binary(max_size=2000))
def test_arbitrary_bytes(stem, ending, magic, data):
    take(stem + ending, magic + data)


SPANS = st.tuples(
    st.floats(0, 1), st.floats(0, 1), st.sampled_from(["keep", "keep", "remove", "repeat", "cut"])
)
CHANGES = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6)


def mutated(data, changes, span):
    """`data` with a few bytes changed, and a slice removed or repeated, or cut off; places are fractions."""
    changed = bytearray(data)
    for place, value in changes:
        changed[int(place * len(data))] = value
    start, stop = sorted(int(place * len(data)) for place in span[:2])
    if span[2] == "remove":
        del changed[start:stop]
    elif span[2] == "repeat":
        changed[start:start] = changed[start:stop]
    elif span[2] == "cut":
        del changed[start:]
    return bytes(changed)


@pytest.mark.parametrize(("name", "data"), [("x.zip", ZIP), ("x.tar", TAR), ("x.tgz", TGZ)])
@given(changes=CHANGES, span=SPANS)
def test_mutated_archives(name, data, changes, span):
    take(name, mutated(data, changes, span))


DIRECTORY = ZIP.index(b"PK\x01\x02")


@given(
    st.lists(
        st.tuples(st.integers(DIRECTORY, len(ZIP) - 1), st.sampled_from([0, 1, 0x7F, 0x80, 0xFF])), max_size=8
    )
)
def test_mutated_directory_of_a_zip(changes):
    changed = bytearray(ZIP)
    for position, value in changes:
        changed[position] = value
    take("x.zip", bytes(changed))


NAMES = st.binary(max_size=30) | st.sampled_from(
    [b"../x", b"/x", b"solution.py", b"SOLUTION.PY", b"a/" * 40, b"con"]
)
KINDS = st.sampled_from(list(b"01234567LKxgSDMV\0")).map(lambda number: bytes([number]))
SIZES = (
    st.none()
    | st.binary(min_size=12, max_size=12)
    | st.sampled_from([b"\x80" * 12, b"77777777777\0", b"\xff" * 12])
)
HEADERS = st.builds(
    lambda name, kind, data, field: (
        tar_header(name, len(data), kind, size_field=field) + data + bytes(-len(data) % 512)
    ),
    *(NAMES, KINDS, st.binary(max_size=600), SIZES),
)
PAX = st.dictionaries(
    st.sampled_from(["path", "size", "linkpath", "GNU__sparse__size", "comment"]),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=20) | st.integers(-1000, 10**20).map(str),
).map(lambda records: pax(**records))


@given(st.lists(HEADERS | PAX | st.just(tar_member(b"solution.py", b"x = 1\n")), max_size=6), st.booleans())
def test_crafted_tars(members, zipped):
    data = b"".join(members) + TAR_END
    take("x.tar", gzip.compress(data) if zipped else data)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=12),
        st.binary(max_size=40),
        max_size=7,
    )
)
def test_any_names_in_a_zip(files):
    take("x.zip", zip_of({"solution.py": b"x = 1\n", **files}))
