"""Has a sandbox draw the pages of a PDF, and believes nothing of what it says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from grader.errors import InfrastructureError, SubmissionError, WireError
from grader.pdf import png
from grader.pdf.drawing import SOURCE
from grader.sandbox.base import GIB, MIB, Backend, Limits
from grader.wire import messages as m
from grader.wire.connection import Buffer, Connection, ConnectionEnded, DeadlinePassed, FrameCaps

LIMITS = Limits(
    cpu_seconds=90.0,
    wall_seconds=180.0,
    memory_bytes=1 * GIB,
    output_bytes=64 * 1024,
    tmp_bytes=16 * MIB,
)
LONGEST_SIDE = 1600  # pixels: text of ten points can be read
MOST_BYTES = 64 * MIB  # of all pictures of a report
_PAGE_SECONDS = 30.0
_PREPARE_SECONDS = 60.0
_CAPS = FrameCaps(envelope_bytes=64 * 1024, buffers=1, buffer_bytes=png.CHANNELS * LONGEST_SIDE**2)
_EXPORT = "Export it from your editor again, or print it into a PDF, and hand that in."


@dataclass(frozen=True)
class Picture:
    """A page. `data` is a PNG that was written here."""

    width: int
    height: int
    data: bytes


def pictures(name: str, data: bytes, backend: Backend, max_pages: int) -> tuple[Picture, ...]:
    """The pages of a PDF, in a sandbox that nothing else uses.

    Raises:
        SubmissionError: it cannot be read, or has too many pages; the sentence says what to do.
        InfrastructureError: ours; also where the sandbox lacks what draws.
    """
    with _sandbox(backend) as drawer:
        count = drawer.open(name, data)
        if not 1 <= count <= max_pages:
            raise SubmissionError(f"{name} has {count} pages; 1 to {max_pages} are allowed. Shorten it.")
        drawn, total = [], 0
        for number in range(count):
            drawn.append(drawer.page(name, number))
            total += len(drawn[-1].data)
            if total > MOST_BYTES:
                raise SubmissionError(
                    f"The pages of {name} are too large as pictures: use smaller or simpler figures."
                )
        return tuple(drawn)


@contextmanager
def _sandbox(backend: Backend) -> Iterator[_Drawer]:
    sandbox = backend.start(LIMITS)
    try:
        yield _Drawer(Connection(sandbox.channel, _CAPS))
    finally:
        sandbox.stop(wait=False)


class _Drawer:
    """Asks the program in the sandbox."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._number = 0
        self._function = self._prepare()

    def open(self, name: str, data: bytes) -> int:
        """Hand the PDF over; the number of its pages, as the sandbox claims."""
        answer, _ = self._draw(name, m.Blob(0), [data])
        if type(answer) is not int:
            raise _unreadable(name)
        return answer

    def page(self, name: str, number: int) -> Picture:
        """Draw one page."""
        answer, buffers = self._draw(name, number, [])
        if not isinstance(answer, m.TupleOf) or len(answer.items) != 3 or len(buffers) != 1:
            raise _unreadable(name)
        width, height, pixels = answer.items
        if type(width) is not int or type(height) is not int or not isinstance(pixels, m.Blob):
            raise _unreadable(name)
        if not (1 <= width <= LONGEST_SIDE and 1 <= height <= LONGEST_SIDE):
            raise _unreadable(name)
        try:
            return Picture(width, height, png.encode(width, height, bytes(buffers[0])))
        except ValueError as error:
            raise _unreadable(name) from error

    def _prepare(self) -> int:
        """Define the program, before anything hostile is in the sandbox: what fails now is ours."""
        try:
            reply, _ = self._exchange(m.Define(SOURCE), [], _PREPARE_SECONDS)
        except (ConnectionEnded, DeadlinePassed, WireError) as error:
            raise InfrastructureError(f"The sandbox for reports did not start: {error}") from error
        if isinstance(reply, m.Returned) and isinstance(reply.value, m.Handle):
            return reply.value.id
        said = reply.message[:300] if isinstance(reply, m.Raised) else "no function"
        raise InfrastructureError(
            f"Reports cannot be drawn: {said}. Install pypdfium2 where sandboxes find it (or build their "
            "image again)."
        )

    def _draw(self, name: str, request: m.Value, buffers: list[Buffer]) -> tuple[m.Value, list[bytearray]]:
        """What came back. Whatever goes wrong from now on, the PDF did it."""
        call = m.Call(self._function, [request, LONGEST_SIDE], {})
        try:
            reply, data = self._exchange(call, buffers, _PAGE_SECONDS)
        except (ConnectionEnded, WireError) as error:
            raise _unreadable(name) from error
        except DeadlinePassed as error:
            raise SubmissionError(
                f"{name} takes too long to draw: use figures with fewer points, or pictures."
            ) from error
        if isinstance(reply, m.Returned):
            return reply.value, data
        raise _protected(name) if "password" in reply.message.lower() else _unreadable(name)

    def _exchange(
        self, operation: m.Operation, buffers: list[Buffer], seconds: float
    ) -> tuple[m.Returned | m.Raised, list[bytearray]]:
        self._number += 1
        self._connection.send(m.encode(m.Request(self._number, operation)), buffers, seconds)
        envelope, data = self._connection.receive(seconds)
        reply = m.decode_reply(envelope)
        if reply.id != self._number:
            raise WireError("The sandbox answered a question that nobody asked.")
        return reply.outcome, data


def _unreadable(name: str) -> SubmissionError:
    return SubmissionError(f"{name} cannot be read as a PDF. {_EXPORT}")


def _protected(name: str) -> SubmissionError:
    return SubmissionError(f"{name} is protected by a password. Save it without one, and hand that in.")
