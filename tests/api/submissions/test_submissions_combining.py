"""What an upload leaves as it was: archives keep their kind and name, and every file that is not replaced."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.blobs import BlobStore, Receiving
from api.db.submissions import Submission
from api.submissions.combining import joined, unpacked, with_answers
from api.submissions.packing import HandedIn
from grader.assignment import Code
from grader.intake.answers import find_answers

CODE = Code()
ANSWERS = b"size = '2x3'\n"


class Store(BlobStore):
    """Remembers what it is receiving, so that the end of a test can close it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.received: list[Receiving] = []

    def receive(self) -> Receiving:
        self.received.append(super().receive())
        return self.received[-1]


@pytest.fixture
def store(tmp_path) -> Iterator[BlobStore]:
    opened = Store(str(tmp_path))
    yield opened
    for receiving in opened.received:
        receiving.discard()


def zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return target.getvalue()


def handed(store: BlobStore, name: str, data: bytes) -> HandedIn:
    receiving = store.receive()
    receiving.write(data)
    return HandedIn(name, receiving)


def earlier(store: BlobStore, name: str, data: bytes) -> Submission:
    digest, size = handed(store, name, data).content.finish()
    return Submission(file_name=name, blob_digest=digest, size=size)


def join(
    store: BlobStore, new: tuple[str, bytes], old: tuple[str, bytes]
) -> tuple[str, dict[str, bytes], str]:
    whole = joined(handed(store, *new), earlier(store, *old), store, CODE)
    name = whole.handed.name
    return name, unpacked(name, whole.handed.content.read(), CODE), whole.note


LONE = ("answers.zip", zipped({"answers.toml": ANSWERS}))


@pytest.mark.parametrize(
    ("old", "name", "files"),
    [
        (("conv.py", b"x = 1"), "submission.zip", {"conv.py": b"x = 1", "answers.toml": ANSWERS}),
        (
            ("hw.zip", zipped({"hw/a.py": b"a", "hw/answers.toml": b"old = 1"})),
            "hw.zip",
            {"hw/a.py": b"a", "hw/answers.toml": ANSWERS},
        ),
        (
            ("jo_do_hw1.tar.gz", tarred({"jo_do_hw1/a.py": b"a", "jo_do_hw1/b/c.py": b"c"})),
            "jo_do_hw1.tar.gz",
            {"jo_do_hw1/a.py": b"a", "jo_do_hw1/b/c.py": b"c", "jo_do_hw1/answers.toml": ANSWERS},
        ),
        (
            ("two.zip", zipped({"one/a.py": b"a", "two/b.py": b"b"})),
            "two.zip",
            {"one/a.py": b"a", "two/b.py": b"b", "answers.toml": ANSWERS},
        ),
    ],
)
def test_answers_join_the_files_in_an_archive_of_the_same_kind(store, old, name, files):
    assert join(store, LONE, old)[:2] == (name, files)


def test_files_take_the_answers_along(store):
    old = ("x.zip", zipped({"conv.py": b"old", "answers.toml": ANSWERS}))
    _name, files, note = join(store, ("conv.py", b"new"), old)
    assert files == {"conv.py": b"new", "answers.toml": ANSWERS}
    assert "answers" in note


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (("conv.py", b"new"), ("conv.py", b"old")),
        (LONE, ("x.zip", LONE[1])),
        (("x.zip", zipped({"conv.py": b"n", "answers.toml": b""})), ("conv.py", b"old")),
        (("x.zip", b"PK\x03\x04 no zip"), ("conv.py", b"old")),
        (LONE, ("x.zip", b"PK\x03\x04 no zip")),
    ],
)
def test_what_is_whole_or_cannot_be_read_is_left_alone(store, new, old):
    before = handed(store, *new)
    whole = joined(before, earlier(store, *old), store, CODE)
    assert whole.handed is before
    assert whole.note == ""


@given(
    names=st.sets(st.from_regex(r"(a/|b/c/)?[a-z]{1,6}\.py", fullmatch=True), min_size=1, max_size=6),
    answers=st.binary(max_size=50),
)
def test_the_answers_are_found_and_no_file_is_lost(names, answers):
    files = {name: name.encode() for name in names}
    whole = with_answers(files, answers)
    path = find_answers(whole)
    assert path is not None
    assert whole.pop(path) == answers
    assert whole == files


def test_the_same_parts_make_the_same_bytes(store):
    old = earlier(store, "hw.tar.gz", tarred({"hw/a.py": b"a"}))
    made = [joined(handed(store, *LONE), old, store, CODE).handed.content.read() for _ in range(2)]
    assert made[0] == made[1]
