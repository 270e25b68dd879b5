"""PDFs are drawn in a sandbox, and what a sandbox says is not believed."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
from machine import unavailable
from pdf_files import pdf

from grader.errors import InfrastructureError, SubmissionError
from grader.pdf import pages, pictures, problem
from grader.sandbox.base import Backend, Limits
from grader.sandbox.fake import FakeBackend
from grader.sandbox.local.backend import LocalBackend
from grader.wire import messages as m
from grader.wire.connection import Connection, ConnectionEnded

MOST = pages.LONGEST_SIDE


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    try:
        with LocalBackend(masked=(tmp_path_factory.getbasetemp(),)) as made:
            made.start(Limits()).stop()
            yield made
    except InfrastructureError as error:
        unavailable(f"no sandbox here: {error}")


# ---------------------------------------------------------------- real ones


def dark_rows(data: bytes, width: int, height: int) -> list[bool]:
    """Which rows of a picture have something on them, without our own code: PNG is zlib behind headers."""
    start = data.index(b"IDAT")
    length = int.from_bytes(data[start - 4 : start], "big")
    lines = zlib.decompress(data[start + 4 : start + 4 + length])
    assert len(lines) == height * (1 + 3 * width)
    row = 1 + 3 * width
    return [min(lines[number * row + 1 : (number + 1) * row]) < 128 for number in range(height)]


def test_each_page_is_a_picture(backend):
    drawn = pictures("report.pdf", pdf(3), backend, 3)
    assert [(one.width, one.height) for one in drawn] == [(1131, MOST)] * 3
    for one in drawn:
        dark = dark_rows(one.data, one.width, one.height)
        edges = [number for number, (before, after) in enumerate(pairwise(dark)) if after and not before]
        assert len(edges) == 2  # a line of text, and a block below it
        assert edges[0] < MOST / 4 < MOST / 2 < edges[1]
    assert drawn[0].data != drawn[1].data  # "Page 1", "Page 2"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (pdf(4), "has 4 pages; 1 to 3 are allowed"),
        (b"%PDF-1.4\nnothing\n%%EOF", "cannot be read as a PDF"),
        (pdf(1).replace(b"/Count 1", b"/Count 0").replace(b"[4 0 R]", b"[]"), "pages|cannot be read"),
    ],
)
def test_what_is_no_report_is_refused_with_a_sentence(backend, data, sentence):
    with pytest.raises(SubmissionError, match=sentence):
        pictures("report.pdf", data, backend, 3)


@pytest.mark.parametrize("size", [b"9e9 1e-9", b"1 90000", b"0 0", b"-5 -5"])
def test_no_page_is_larger_than_a_picture_may_be(backend, size):
    drawn: tuple[pages.Picture, ...] = ()
    with suppress(SubmissionError):
        drawn = pictures("report.pdf", pdf(1).replace(b"595 842", size), backend, 3)
    assert all(max(one.width, one.height) <= MOST for one in drawn)


# ---------------------------------------------------------------- sandboxes that lie

Answer = Callable[[m.Request], tuple[object, list[bytes]]]
GOOD = (m.TupleOf([2, 1, m.Blob(0)]), [b"\0" * 6])


def lying(answer: Answer) -> FakeBackend:
    """A sandbox that answers what a test wants, from the first call on."""

    def entry(channel: socket.socket, _limits: Limits) -> None:
        connection = Connection(channel)
        try:
            while True:
                envelope, _ = connection.receive()
                request = m.decode_request(envelope)
                if isinstance(request.operation, m.Define):
                    outcome, data = m.Returned(m.Handle(1, "function")), []
                else:
                    value, data = answer(request)
                    outcome = value if isinstance(value, m.Raised) else m.Returned(value)
                connection.send(m.encode(m.Reply(request.id, outcome)), data)
        except ConnectionEnded:
            return

    return FakeBackend(entry)


def page_answer(page: tuple[object, list[bytes]]) -> Answer:
    """One page, and this answer for it."""

    def answer(request: m.Request) -> tuple[object, list[bytes]]:
        assert isinstance(request.operation, m.Call)
        return page if isinstance(request.operation.args[0], int) else (1, [])

    return answer


def test_an_honest_answer_is_taken():
    backend = lying(page_answer(GOOD))
    assert [(one.width, one.height) for one in pictures("r.pdf", pdf(), backend, 1)] == [(2, 1)]
    backend.close()


@pytest.mark.parametrize(
    "page",
    [
        (m.TupleOf([2, 1, m.Blob(0)]), [b"\0" * 5]),
        (m.TupleOf([2, 1, m.Blob(0)]), []),
        (m.TupleOf([2, 1]), [b"\0" * 6]),
        (m.TupleOf([True, 6, m.Blob(0)]), [b"\0" * 18]),
        (m.TupleOf([MOST + 1, 1, m.Blob(0)]), [b"\0" * 3 * (MOST + 1)]),
        (m.TupleOf([-2, -1, m.Blob(0)]), [b"\0" * 6]),
        (m.TupleOf([2, 1, "\0" * 6]), [b"\0" * 6]),
        (m.TupleOf([2, 1, m.Blob(0)]), [b"\0" * 6, b"more"]),
        (m.TupleOf([1, 1, m.Blob(0)]), [b"\0" * 3 * (MOST**2 + 1)]),
        ("a picture, honestly", []),
        (m.Handle(7), []),
        (m.Raised("PdfiumError", "</p><script>", False, []), []),
    ],
)
def test_whatever_a_sandbox_says_a_page_is_well_formed_or_there_is_none(page):
    backend = lying(page_answer(page))
    with pytest.raises(SubmissionError, match=r"^r\.pdf cannot be read as a PDF\."):
        pictures("r.pdf", pdf(), backend, 1)
    backend.close()


@pytest.mark.parametrize("count", [0, -1, 4, 2**40, True, 1.0, "1", None])
def test_a_number_of_pages_is_a_number_of_pages(count):
    backend = lying(lambda _request: (count, []))
    with pytest.raises(SubmissionError, match=r"pages; 1 to 3|cannot be read"):
        pictures("r.pdf", pdf(), backend, 3)
    backend.close()


def test_a_password_is_named():
    backend = lying(lambda _request: (m.Raised("PdfiumError", "Incorrect password error", False, []), []))
    with pytest.raises(SubmissionError, match="protected by a password"):
        pictures("r.pdf", pdf(), backend, 3)
    backend.close()


def test_a_sandbox_that_lacks_the_program_is_our_fault():
    def entry(channel: socket.socket, _limits: Limits) -> None:
        connection = Connection(channel)
        envelope, _ = connection.receive()
        missing = m.Raised("ModuleNotFoundError", "No module named 'pypdfium2'", False, [])
        connection.send(m.encode(m.Reply(m.decode_request(envelope).id, missing)), [])

    backend = FakeBackend(entry)
    with pytest.raises(InfrastructureError, match="Install pypdfium2"):
        pictures("r.pdf", pdf(), backend, 3)
    backend.close()


# ---------------------------------------------------------------- by bytes alone


def test_a_whole_pdf_has_no_problem_and_every_other_one_is_named():
    whole = pdf()
    assert problem("r.pdf", whole, 10_000) is None
    assert problem("r.pdf", b"\xef\xbb\xbf\n" + whole + b"\n\n", 10_000) is None
    assert "is empty" in (problem("r.pdf", b"", 10_000) or "")
    assert "allowed" in (problem("r.pdf", whole, 10) or "")
    assert "not a PDF" in (problem("r.pdf", whole[10:], 10_000) or "")
    assert "no end" in (problem("r.pdf", whole[:-10], 10_000) or "")
