"""One submission in its sandbox: requests with deadlines, and a new sandbox where the old one died.

Whatever the sandbox does costs the request that was under way, no more: the next request finds a fresh
sandbox with the submission loaded again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grader.errors import (
    CallTimeout,
    Frame,
    InfrastructureError,
    NotImplementedYet,
    RemoteException,
    SandboxDied,
    StudentCodeError,
    WireError,
)
from grader.intake.model import Submission
from grader.sandbox.base import Backend, Limits, Result, Sandbox, Status, Usage
from grader.wire import messages as m
from grader.wire.codec import Decoder, Encoder
from grader.wire.connection import Connection, ConnectionEnded, DeadlinePassed

_FREE_STARTS = 8  # of sandboxes in one test; one that needs more pays for them with its own time
_SALVAGE_EXTRA_SECONDS = 20.0  # the harness times each statement itself
_MOST_LOADING_SECONDS = 120.0  # of all sandboxes of one submission together
_MOST_RECEIVED = 1 << 30  # bytes of tensors and files in one test
_MOST_PRINTED = 1 << 16  # characters kept between two `drain_output`
_MOST_FRAMES = 12
_MOST_TEXT = 2000  # characters of an exception's message, of a line of its traceback, of a type's name


@dataclass(frozen=True)
class LoadPlan:
    """How the submission is loaded: the name specs use for it, the seed of its random numbers, and the
    patience at import.
    """

    alias: str = "solution"
    seed: int = 0
    import_seconds: float = 10.0
    call_seconds: float = 10.0


@dataclass(frozen=True)
class Salvage:
    """What was left out of a file that could not be imported as it is, and why it could not."""

    reason: str
    skipped: tuple[tuple[int, str, str], ...]  # line, source, why


class Session:
    """A submission and the sandbox it lives in at the moment."""

    def __init__(self, backend: Backend, limits: Limits, submission: Submission, plan: LoadPlan) -> None:
        self._backend = backend
        self._limits = limits
        self._submission = submission
        self._plan = plan
        self._sandbox: Sandbox | None = None
        self._connection: Connection | None = None
        self._number = 0
        self._released: list[int] = []
        self._printed: list[str] = []
        self._room = _MOST_PRINTED
        self.received = 0  # bytes of tensors and files in this test
        self._loading_left = _MOST_LOADING_SECONDS
        self._next_load_is_free = True
        self._cache: dict[object, Any] = {}
        self.calls = 0
        self.generation = 0  # counts sandboxes; an object of an earlier one is gone
        self.deadline: float | None = None  # of the test, time.monotonic()
        self._free_starts = _FREE_STARTS
        self._starting = 0.0  # seconds that the sandboxes of one loading took to be there: our time
        self.last_end: SandboxDied | None = None
        self.load_error: StudentCodeError | None = None
        self.salvage: Salvage | None = None
        self.usages: list[Usage] = []

    def ask(
        self,
        make: Callable[[Encoder], m.Operation],
        as_object: Callable[[m.Handle], Any],
        seconds: float | None = None,
    ) -> Any:
        """Send one request and wait for its result.

        Raises:
            StudentCodeError: the submission did not give one; after a timeout, a death or damaged bytes
            the sandbox is gone.
            InfrastructureError: no sandbox can be started.
        """
        self.ready()
        self.calls += 1
        return self._ask(make, as_object, self._plan.call_seconds if seconds is None else seconds)

    def ready(self) -> None:
        """Start a sandbox and load the submission, if there is none and the test has time left."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise CallTimeout("The time for this test is over.")
        if self._sandbox is None:
            if self._loading_left <= 0:
                raise CallTimeout(
                    "Your code ended or hung too often, and its import is slow: it is not run again."
                )
            self._load()

    def once(self, key: object, factory: Callable[[], Any]) -> Any:
        """What `factory` made for this key in this sandbox; made again after the sandbox was replaced."""
        self.ready()
        self.calls += 1  # what was made before came from the submission too
        if key not in self._cache:
            generation = self.generation
            made = factory()
            if generation != self.generation:
                return made
            self._cache[key] = made
        return self._cache[key]

    def remember(self, key: object, ask: Callable[[], Any]) -> Any:
        """As `once`, for an answer that is an object of the sandbox; any other is asked for each time."""
        known = self._cache.get(key)
        if known is not None:
            self.calls += 1
            return known
        answer = ask()
        if getattr(type(answer), "__tensorgrade_remote__", False):
            self._cache[key] = answer
        return answer

    def forget(self, key: object) -> None:
        """Ask again next time."""
        self._cache.pop(key, None)

    def release(self, handle: int, generation: int) -> None:
        """Nobody holds this handle any more; said to the sandbox with the next request."""
        if generation == self.generation:
            self._released.append(handle)

    def drain_output(self) -> str:
        """What the submission printed since the last call."""
        text, self._printed, self._room = "".join(self._printed), [], _MOST_PRINTED
        return text

    def begin_test(self, deadline: float | None) -> None:
        """A test starts, which ends at `deadline` on the monotonic clock; None for no end."""
        self.deadline, self.received = deadline, 0
        self._next_load_is_free, self._free_starts = True, _FREE_STARTS
        if deadline is not None and self._is_disturbed():
            self.stop()  # by what an earlier test left behind: this one starts afresh

    def _is_disturbed(self) -> bool:
        try:
            return self._connection is not None and self._connection.unread()
        except ConnectionEnded:
            return True

    def stop(self, *, wait: bool = False) -> Result | None:
        """End the sandbox, if there is one; `wait` to learn how one ended by itself."""
        if self._sandbox is None:
            return None
        sandbox, self._sandbox = self._sandbox, None
        self._connection = None
        self._cache.clear()
        self._released.clear()
        result = sandbox.stop(wait=wait)
        self.usages.append(result.usage)
        return result

    # ------------------------------------------------------------ loading

    def _load(self) -> None:
        """Import the submission, at the second try only its definitions. The first time in a test, that is
        not the test's time. Starting a sandbox is ours, unless the test needs very many.
        """
        started, deadline, self.deadline = time.monotonic(), self.deadline, None
        self._starting = 0.0
        is_free, self._next_load_is_free = self._next_load_is_free, False
        try:
            self._import()
        finally:
            starting = self._starting if self._free_starts >= 0 else 0.0
            spent = time.monotonic() - started - starting
            self._loading_left -= spent
            if deadline is not None:
                self.deadline = deadline + starting + (spent if is_free else 0.0)

    def _import(self) -> None:
        if self.salvage is None:
            failure = self._try_load(salvage=False)
            if failure is None:
                return
            self.salvage = Salvage(str(failure), ())
            self.stop()
        self.load_error = self._try_load(salvage=True)

    def _try_load(self, *, salvage: bool) -> StudentCodeError | None:
        """Load in a new sandbox; the failure if the submission caused one."""
        self._start()
        seconds = self._plan.import_seconds + (_SALVAGE_EXTRA_SECONDS if salvage else 0)
        try:
            answer = self._ask(
                lambda encoder: self._load_request(encoder, salvage=salvage), _no_object, seconds
            )
            skipped = _skipped(answer)
        except StudentCodeError as error:
            if self._sandbox is None:
                self._start()  # empty, for what needs no submission
            return error
        if salvage and self.salvage is not None:
            self.salvage = Salvage(self.salvage.reason, skipped)
        return None

    def _start(self) -> None:
        began = time.monotonic()
        self._sandbox = self._backend.start(self._limits)
        self._starting += time.monotonic() - began
        self._free_starts -= 1
        self._connection = Connection(self._sandbox.channel)
        self.generation += 1

    def _load_request(self, encoder: Encoder, *, salvage: bool) -> m.Load:
        files = [m.File(path, encoder.buffer(data)) for path, data in self._submission.files.items()]
        return m.Load(files, self._submission.entry, self._plan.alias, self._plan.seed, salvage)

    # ------------------------------------------------------------ asking

    def _ask(
        self, make: Callable[[Encoder], m.Operation], as_object: Callable[[m.Handle], Any], seconds: float
    ) -> Any:
        encoder = Encoder(_handle_of, leaves=True)
        self._number += 1
        request = m.Request(self._number, make(encoder), self._released)
        self._released = []
        reply, buffers = self._exchange(request, encoder, self._patience(seconds))
        self._keep_output(reply.output)
        if isinstance(reply.outcome, m.Raised):
            raise _failure(reply.outcome)
        try:
            return Decoder(buffers, as_object).decode(reply.outcome.value)
        except WireError:
            self.stop()
            raise

    def _keep_output(self, text: str) -> None:
        if text and self._room > 0:
            self._printed.append(text[: self._room])
            self._room -= len(text)

    def _patience(self, seconds: float) -> float:
        if self.deadline is None:
            return seconds
        return max(0.001, min(seconds, self.deadline - time.monotonic()))

    def _exchange(
        self, request: m.Request, encoder: Encoder, seconds: float
    ) -> tuple[m.Reply, list[bytearray]]:
        connection = self._open()
        try:
            if connection.unread():
                raise WireError("The submission wrote to the grader's channel by itself.")
            connection.send(m.encode(request), encoder.buffers, seconds)
            envelope, buffers = connection.receive(seconds)
            self.received += sum(len(buffer) for buffer in buffers)
            if self.received > _MOST_RECEIVED:
                raise WireError(f"It sent more than {_MOST_RECEIVED >> 20} MiB of data in one test.")
            reply = m.decode_reply(envelope)
            if reply.id != request.id:
                raise WireError("The submission answered a question that nobody asked.")
        except ConnectionEnded:
            raise self._died() from None
        except DeadlinePassed:
            self.stop()
            raise CallTimeout(f"No answer within {seconds:.3g} s.") from None
        except BaseException:  # also a signal of ours in the middle of a frame
            self.stop()
            raise
        return reply, buffers

    def _open(self) -> Connection:
        if self._connection is None:
            raise InfrastructureError("There is no sandbox to ask.")
        return self._connection

    def _died(self) -> SandboxDied:
        result = self.stop(wait=True)
        if result is None:
            raise InfrastructureError("A sandbox ended twice.")
        self.last_end = SandboxDied(result.status, _ending(result, self._limits))
        return self.last_end


def _handle_of(thing: object) -> m.Handle:
    handle = getattr(thing, "__tensorgrade_handle__", None)
    if handle is None:
        raise TypeError(
            f"A {type(thing).__qualname__} cannot be sent to the sandbox: send plain data or remote objects."
        )
    return handle()  # type: ignore[no-any-return]


def _no_object(handle: m.Handle) -> Any:
    raise WireError(f"An object ({handle.kind}) where data was expected.")


def _skipped(value: Any) -> tuple[tuple[int, str, str], ...]:
    """What the sandbox says it skipped, checked."""
    if not isinstance(value, list):
        raise WireError("The list of skipped lines is not a list.")
    rows = []
    for row in value[:100]:
        if not (isinstance(row, tuple) and [type(cell) for cell in row] == [int, str, str]):
            raise WireError("The list of skipped lines has a row that is none.")
        rows.append((row[0], row[1][:200], row[2][:200]))
    return tuple(rows)


def _failure(raised: m.Raised) -> StudentCodeError:
    frames = tuple(_frame(line) for line in raised.frames[-_MOST_FRAMES:])
    message = raised.message[:_MOST_TEXT]
    if not raised.missing:
        return RemoteException(raised.type_name[:_MOST_TEXT], message, frames)
    where = f" ({frames[-1].file}, line {frames[-1].line}, in {frames[-1].function})" if frames else ""
    return NotImplementedYet(f"{message or 'Not implemented yet'}{where}")


def _frame(line: m.TracebackLine) -> Frame:
    file, function, source = (text[:_MOST_TEXT] for text in (line.file, line.function, line.source))
    return Frame(file, line.line, function, source)


def _ending(result: Result, limits: Limits) -> str:
    """What to tell the student of a sandbox that ended by itself."""
    mebibytes = limits.memory_bytes // 2**20
    sentences = {
        Status.MEMORY: f"Your code used more than {mebibytes} MiB of memory.",
        Status.CPU: f"Your code used more than {limits.cpu_seconds:g} s of processor time.",
        Status.WALL: f"Your code ran for more than {limits.wall_seconds:g} s.",
        Status.OUTPUT: f"Your code printed more than {limits.output_bytes // 1024} KiB.",
        Status.EXITED: f"Your code ended the process (exit code {result.exit_code}).",
        Status.SIGNALED: f"Your code's process was ended by signal {result.signal}.",
    }
    return sentences.get(result.status, "Your code's process ended.")
