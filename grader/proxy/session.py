"""One submission in its sandbox: requests with deadlines, and a new sandbox where the old one died.

Whatever the sandbox does costs the request that was under way, no more: the next request finds a fresh
sandbox with the submission loaded again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from grader.errors import (
    CallTimeout,
    InfrastructureError,
    NotImplementedYet,
    RemoteException,
    SandboxDied,
    StudentCodeError,
    WireError,
)
from grader.intake.model import Submission
from grader.proxy.failures import ending_of, failure_of
from grader.sandbox.base import Backend, Limits, Result, Sandbox, Usage
from grader.wire import messages as m
from grader.wire.codec import Decoder, Encoder
from grader.wire.connection import Connection, ConnectionEnded, DeadlinePassed

_FREE_STARTS = 8  # of sandboxes in one test; one that needs more pays for them with its own time
_SALVAGE_EXTRA_SECONDS = 20.0  # the harness times each statement itself
_MOST_LOADING_SECONDS = 120.0  # of all sandboxes of one submission together
_MOST_RECEIVED = 1 << 30  # bytes of tensors and files in one test
_MOST_PRINTED = 1 << 16  # characters kept between two `drain_output`


@dataclass(frozen=True)
class LoadPlan:
    """How the submission is loaded: the name specs use for it, the seed of its random numbers, and the
    patience at import.

    replaced: files of the submission that the sandbox gets other bytes of.
    failures: why the entry, or a further module, is not even tried, by the name that specs use.
    """

    alias: str = "solution"
    seed: int = 0
    import_seconds: float = 10.0
    call_seconds: float = 10.0
    replaced: Mapping[str, bytes] = field(default_factory=dict)
    failures: Mapping[str, StudentCodeError] = field(default_factory=dict)


Skipped = tuple[tuple[int, str, str], ...]  # line, source, why


@dataclass(frozen=True)
class Salvage:
    """What was left out of a file that could not be imported as it is, and why it could not."""

    reason: str
    skipped: Skipped


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
        self.skipped: dict[str, Skipped] = {}  # of files that come from notebooks
        self._failed: dict[str, StudentCodeError] = {}  # further modules, by name
        self._ended: set[str] = set()  # further modules that ended a sandbox once
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

    @property
    def files(self) -> Mapping[str, bytes]:
        """What was handed in, by path."""
        return self._submission.files

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

    def failure(self, name: str) -> StudentCodeError | None:
        """Why the entry or a further module cannot be used, as far as that is known."""
        if name == self._plan.alias and self.load_error is not None:
            return self.load_error
        return self._plan.failures.get(name) or self._failed.get(name)

    def import_module(self, name: str, as_object: Callable[[m.Handle], Any]) -> Any:
        """Load a further module of the submission. What it takes is not the test's time.

        Raises:
            StudentCodeError: it cannot be loaded; it is not tried again, but for a second time after it ended
            the sandbox.
        """
        if self._loading_left <= 0:
            raise CallTimeout("Your files take too long to import: no more of them are loaded.")
        seconds = self._plan.import_seconds + _SALVAGE_EXTRA_SECONDS * (self._is_stepwise(name))
        try:
            with self._loading(is_free=True):
                answer = self._ask(lambda _: m.Import(name), as_object, seconds)
                module, skipped = _module_of(answer)
        except StudentCodeError as error:
            if isinstance(error, RemoteException | NotImplementedYet) or name in self._ended:
                self._failed[name] = error
            self._ended.add(name)
            raise
        if self._is_stepwise(name):
            self.skipped[self._submission.modules[name]] = skipped
        return module

    def has_module(self, name: str) -> bool:
        """Whether this is a further module of the submission."""
        return name in self._submission.modules

    def _is_stepwise(self, name: str) -> bool:
        return self._submission.modules[name] in self._submission.places

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
        is_free, self._next_load_is_free = self._next_load_is_free, False
        with self._loading(is_free=is_free):
            self._import()

    @contextmanager
    def _loading(self, *, is_free: bool) -> Iterator[None]:
        """No deadline inside; afterwards the test's is later by what this took, as far as that is free."""
        started, deadline, self.deadline = time.monotonic(), self.deadline, None
        self._starting = 0.0
        try:
            yield
        finally:
            starting = self._starting if self._free_starts >= 0 else 0.0
            spent = time.monotonic() - started - starting
            self._loading_left -= spent
            if deadline is not None:
                self.deadline = deadline + starting + (spent if is_free else 0.0)

    def _import(self) -> None:
        if self.salvage is None and self._submission.entry not in self._submission.places:
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
                self._start()  # for what needs no submission, or another module of it
                if self._submission.modules:
                    self._ask(self._files_request, _no_object, seconds)
            return error
        if self.salvage is not None:
            self.salvage = Salvage(self.salvage.reason, skipped)
        elif salvage and self._submission.entry is not None:
            self.skipped[self._submission.entry] = skipped
        return None

    def _start(self) -> None:
        began = time.monotonic()
        self._sandbox = self._backend.start(self._limits)
        self._starting += time.monotonic() - began
        self._free_starts -= 1
        self._connection = Connection(self._sandbox.channel)
        self.generation += 1

    def _load_request(self, encoder: Encoder, *, salvage: bool) -> m.Load:
        submission, plan = self._submission, self._plan
        files = [
            m.File(path, encoder.buffer(plan.replaced.get(path, data)))
            for path, data in submission.files.items()
        ]
        modules = dict(submission.modules)
        return m.Load(
            files, submission.entry, plan.alias, plan.seed, salvage, modules, list(submission.places)
        )

    def _files_request(self, encoder: Encoder) -> m.Load:
        """The same without the entry."""
        return msgspec.structs.replace(self._load_request(encoder, salvage=True), entry=None)

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
            raise failure_of(reply.outcome, self._submission)
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
        self.last_end = SandboxDied(result.status, ending_of(result, self._limits))
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


def _module_of(answer: Any) -> tuple[Any, Skipped]:
    """A module and what was skipped of it, checked."""
    if not isinstance(answer, tuple) or len(answer) != 2 or not hasattr(answer[0], "__tensorgrade_handle__"):
        raise WireError("What was imported is not a module.")
    return answer[0], _skipped(answer[1])


def _skipped(value: Any) -> Skipped:
    """What the sandbox says it skipped, checked."""
    if not isinstance(value, list):
        raise WireError("The list of skipped lines is not a list.")
    rows = []
    for row in value[:100]:
        if not (isinstance(row, tuple) and [type(cell) for cell in row] == [int, str, str]):
            raise WireError("The list of skipped lines has a row that is none.")
        rows.append((row[0], row[1][:200], row[2][:200]))
    return tuple(rows)
